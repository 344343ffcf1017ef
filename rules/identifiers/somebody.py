"""Where a text speaks of one person who can be recognised (by name, by role, by kinship), or of an organisation."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import regex

from rules.identifiers.people import first_names, is_known, is_word_too, key, names_in

_ROLES_IT = """
    colleg[ah] cap[oa](?:turno|reparto|squadra|sala|cantiere|cuoco|officina|area|classe)? responsabile direttor[e]
    direttrice titolare dipendente operai[oa] stagista tirocinante apprendista impiegat[oa] segretari[oa] commess[oa]
    cassier[ea] magazzinier[ea] autista portinai[oa] portiere custode bidell[oa] vicin[oa] client[ea]? cliente paziente
    ospite inquilin[oa] condomino amministrat(?:ore|rice) student(?:e|essa) alunn[oa] maestr[oa] professor(?:e|essa)
    prof preside allenat(?:ore|rice) mister barista camerier[ea] cuoc[oa] pizzaiol[oa] chef infermier[ea]
    dottor(?:e|essa) medico pediatra ostetric[oa] oss veterinari[oa] dentista igienista fisioterapista signor[aei]
    signorina ragazz[oa] bambin[oa] bimb[oa] piccol[oa] tizi[oa] figli[oa] figliolett[oa] moglie marito compagn[oa]
    fidanzat[oa] sorella sorellina fratello fratellino madre padre mamma mammina papà babbo nonn[oa] nonnin[oa]
    bisnonn[oa] zi[oa] cugin[oa] cuginett[oa] nipot(?:e|ino|ina) suocer[oa] cognat[oa] gener[o] nuora soci[oa] amic[oa]
    fornitore rappresentante geometra ragionier[ea] contabile commercialista consulente avvocat[oa] notaio sindac[oa]
    assessor[ea] parroco don suora badante tata babysitter postin[oa] idraulico elettricista giardinier[ea] muratore
    piastrellista falegname fabbro saldat(?:ore|rice) tornitore fresatore operat(?:ore|rice) conduttore conducente
    guardiano guardarobier[ea] vigilante vigil[ei] vigilessa carabiniere poliziott[oa] receptionist fattorin[oa] rider
    corriere farmacista parrucchier[ea] estetista bagnin[oa] istrut(?:tore|trice) panettier[ea] fornai[oa]
    pasticcer[ea] macellaio casaro edicolante tabacca[io]a? fiorai[oa] sart[oa] tecnic[oa] grafic[oa] fotograf[oa]
    cameraman regista attor[e] attrice cantante ballerin[oa] musicista programmat(?:ore|rice) sviluppat(?:ore|rice)
    sistemista analista recruiter hr presidente presidentessa vicepresidente manager dirigente
    coinquilin[oa] dirimpettai[oa] ingegner[ea] architett[oa] geologo biologo bibliotecari[oa] archivista candidat[oa]
    vincit(?:ore|rice) neoassunt[oa] neolaureat[oa] assunt[oa] pensionat[oa] decan[oa] veterano centralinista
    capostazione macchinista controllore pilota hostess steward comandante marinaio skipper capitan[oa] portiere
    attaccante difensore terzino centravanti tesserat[oa] iscritt[oa] viaggiat(?:ore|rice) passegger[oa] turista
    bigliettai[oa] centralinista volontari[oa] socio benefattrice festeggiat[oa] contraente assicurat[oa]
    intestatari[oa] firmatari[oa] mascotte muletista mulettista carrellista gruista camionista trasportatore
    escavatorista
    venditore venditrice agente animat(?:ore|rice) educat(?:ore|rice) assistente psicolog[oa] logopedista
"""
_ROLES_EN = """
    colleague coworker co-worker boss manager supervisor foreman director owner employee intern apprentice secretary
    receptionist cashier driver porter caretaker janitor custodian neighbou?r client customer patient guest tenant
    landlord landlady student pupil teacher professor headteacher head principal coach barista waiter waitress cook
    chef nurse midwife doctor surgeon consultant vet dentist hygienist carer lady man woman guy girl lad lass bloke
    fella gentleman kid baby boy child son daughter wife husband partner girlfriend boyfriend sister brother mother
    father mum mom dad nan nana gran granny grandma grandpa grandad granddad grandson granddaughter grandmother
    grandfather aunt auntie uncle cousin nephew niece friend supplier rep accountant bookkeeper lawyer solicitor vicar
    priest pastor bishop rabbi imam nanny postman postie plumber electrician gardener builder roofer joiner carpenter
    welder fitter machinist operator guard courier pharmacist hairdresser barber lifeguard instructor baker butcher
    fishmonger florist farmer technician engineer architect designer developer analyst recruiter president chairman
    chairwoman chair chief exec(?:utive)? ceo cfo cto founder treasurer mayor sergeant officer constable assistant
    clerk temp trainee starter hire lead leader captain skipper pilot steward stewardess cleaner housekeeper concierge
    bartender barman barmaid landlord mechanic superintendent super roommate flatmate housemate dispatcher picker
    packer loader candidate applicant winner volunteer member player goalkeeper keeper striker passenger cardholder
    policyholder librarian archivist curator warden bouncer usher conductor signalman guard caddie referee umpire
    model singer drummer guitarist organist verger sexton bride groom retiree veteran stylist sculptor artist
    photographer editor reporter lollipop little bride-to-be newcomer newbie twin twins
"""
_IT = "|".join(_ROLES_IT.split())
_EN = "|".join(_ROLES_EN.split())
_ROLE = regex.compile(
    rf"(?<!\w)(?:(?:il|la|lo|un|una|uno|al|alla|allo|del|della|dello|dal|dalla|col|con la|con il|sul|sulla|quel|quella|"
    rf"quello|questo|questa|mi[oa]|nostr[oa]|vostr[oa]|su[oa]|tu[oa]|loro|pover[oa]|car[oa]|vecchi[oa]|nuov[oa]|e|"
    rf"solit[oa]|prim[oa]|miglior[e]?) |(?:l|all|dell|dall|quell|sull|un)['’] ?|ex )(?:\p{{L}}{{2,12}} ){{0,2}}?"
    rf"(?:{_IT})(?!\w)"
    rf"|(?<!\w)(?:my|our|the|your|his|their|that|this|poor|old|dear|wee|young|new|little|a|an|another|her) "
    rf"(?:[\w'’\-]{{2,14}} ){{0,3}}?(?:{_EN})(?!\w)",
    regex.I,
)
_ADDRESSED = regex.compile(
    r"(?<!\w)(?i:miss|mrs\.?|mr\.?|ms\.?|dr\.?|sig\.?(?:ra|na)?|signor[ae]?|dott\.?(?:ssa)?|don|zi[oa]|nonn[oa]|auntie|"
    r"uncle|nan|young|wee|old|baby|our|il nostro|la nostra|nostr[oa]) \p{Lu}\p{Ll}{1,}"
)
_OWNER = regex.compile(
    r"(?<![\w@#])\p{Lu}\p{Ll}+['’]s(?= (?:is|was|got|dob|birthday|bday|passport|licen[cs]e|turning|record|file|"
    r"form|id)(?!\w))"
)
_PRONOUN = regex.compile(r"(?<!\w)(?:he|she|his|hers?|him|lui|lei|gliel[oa]|su[oa])(?!\w)", regex.I)
_CAPITAL = regex.compile(r"(?<![\w@#\-])\p{Lu}\p{Ll}+(?:[\-'’]\p{Lu}?\p{Ll}+)?(?![\w])")
_INITIAL = regex.compile(r"(?<![\w@#\-])\p{Lu}[\p{L}'’\-]*(?!\w)")
_ORGANISATION = regex.compile(
    r"(?<!\w)(?P<of>(?:d[aei]|del(?:la|lo|l['’])?|dell['’]|nel(?:la|lo|l['’])?|nell['’]|in|of|at|from|for|by|"
    r"presso|the) )?"
    r"(?:(?:il|la|lo|l['’]|nostr[oa]|our|my|the|un[ao]?|questa|questo) ?){0,3}"
    r"(?:azienda|ditta|impresa|societ[àa]|negozio|bottega|museo|associazione|cooperativa|coop|bar|trattoria|osteria|"
    r"ristorante|pizzeria|gelateria|panificio|forno|caseificio|cantina|birrificio|frantoio|officina|fabbrica|"
    r"stabilimento|impianto|macchin[ae]|linea|palestra|piscina|scuola|asilo|liceo|istituto|ospedale|clinica|reparto|"
    r"biblioteca|libreria|teatro|cinema|festival|sagra|fiera|mostra|torneo|squadra|club|circolo|banda|coro|gruppo|"
    r"marchio|brand|rivista|giornale|sito|app|programma|progetto|ponte|palazzo|chiesa|campanile|monumento|stadio|"
    r"mercato|ufficio|studio|agenzia|banca|filiale|sede|fondazione|comune|regione|repubblica|costituzione|statuto|"
    r"tipografia|casa editrice|cartoleria|farmacia|hotel|albergo|rifugio|vigneto|ricetta|treno|tram|autobus|nave|"
    r"company|firm|business|shop|store|pub|restaurant|caf[eé]|bakery|brewery|winery|distillery|museum|gallery|library|"
    r"school|nursery|college|university|hospital|clinic|ward|theatre|theater|cinema|choir|band|league|"
    r"charity|trust|foundation|church|cathedral|chapel|bridge|tower|stadium|station|branch|office|factory|plant|mill|"
    r"yard|workshop|garage|magazine|newspaper|website|brand|machine|boiler|oven|"
    r"lifeboat|ship|train|tram|bus|railway|line|credit union|co-op|market|hotel|farm|orchard|garden|recipe|"
    r"newsletter|podcast|we(?=(?:['’](?:re|ll))? (?:turn|are|were|opened|hit|celebrate|will)))(?!\w)",
    regex.I,
)
_NO_PERSONS = """
    lunedi martedi mercoledi giovedi venerdi sabato domenica monday tuesday wednesday thursday friday saturday sunday
    january february march april may june july august september october november december italia italy roma milano
    london natale pasqua christmas easter dob id cv hr nhs the il la lo un una form label patient passport start date
"""
_NONE = frozenset(_NO_PERSONS.split())


def people_in(text: str) -> list[tuple[int, int]]:
    """Where somebody who can be recognised is named, in order."""
    found = {(start, end) for start, end, _ in names_in(text)}
    found |= {match.span() for pattern in (_ROLE, _ADDRESSED, _OWNER) for match in pattern.finditer(text)}
    found |= set(first_names_in(text))
    return sorted(found)


def first_names_in(text: str) -> Iterator[tuple[int, int]]:
    """First names that stand on the list and are no words too, unless nothing but a name stands there."""
    for match in _CAPITAL.finditer(text):
        name = key(match[0]).removesuffix("'s")
        if name in first_names() and name not in _NONE and (not is_word_too(name) or _is_listed(text, match)):
            yield match.span()


def _is_listed(text: str, match: regex.Match[str]) -> bool:
    """Whether a comma, a bracket or a colon stands on both sides, as in a list of names."""
    return text[: match.start()].rstrip()[-1:] in {",", "(", ":", '"'} and text[match.end() : match.end() + 1] in ",:( "


def capitals_in(text: str) -> list[tuple[int, int]]:
    """Words with a capital inside a sentence: names that stand on no list, where all else speaks of a person."""
    return [
        match.span()
        for match in _CAPITAL.finditer(text)
        if key(match[0]) not in _NONE and (match.start() == 0 or text[: match.start()].rstrip()[-1:] not in '.!?:\n"')
    ]


def pronouns_in(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _PRONOUN.finditer(text)]


def organisations_in(text: str) -> list[tuple[int, int]]:
    """Where an organisation or a thing may be the subject: not in `the porter of the school`."""
    return [match.span() for match in _ORGANISATION.finditer(text) if not match["of"]]


def public_figures_in(text: str) -> list[tuple[int, int]]:
    words = list(_INITIAL.finditer(text))
    return [
        (words[at].start(), words[at + count - 1].end())
        for at in range(len(words))
        for count in (1, 2, 3)
        if at + count <= len(words) and is_known(" ".join(word[0] for word in words[at : at + count]))
    ]


class Places:
    """Places in order, to be asked whether one lies within a stretch of the text."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._spans = sorted(spans)
        self._starts = [start for start, _ in self._spans]

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        return self._spans[bisect_left(self._starts, start) : bisect_left(self._starts, end)]
