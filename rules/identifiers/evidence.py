"""Words that make a date somebody's birthday, and words that make it another day. Italian and English together."""

from __future__ import annotations

import regex


def _words(written: str) -> regex.Pattern[str]:
    return regex.compile(rf"(?<![\w@#])(?:{'|'.join(part.strip() for part in written.split('|'))})(?!\w)", regex.I)


BORN = _words(r"""
    nat[oaie]|nascit[ae]|nacque|nacquero|nasceva|nascevano|compleann\w+|genetliaco|venut[oaie] (?:al mondo|alla luce)|
    vide la luce|ha visto la luce|mis[oaie] al mondo|dat[oa] alla luce|viene al mondo|
    born|birth|births|birthday\w*|birthdate|bdays?|b-days?|b'day|d\.? ?o\.? ?b\.?|(?:came|come|comes) into (?:the|
    this) world|
    entered (?:the|this) world|first saw the light|arrived on this earth|made (?:his|her) entrance
""")
FROM = regex.compile(
    r"(?<!\w)(?:è|e'|era|sono|risulta|risultano|sarebbe|sarà|quell[oa]|classe) (?:proprio |solo |davvero )?"
    r"(?:del|dell['’]|nat[oa]|classe) ?(?:giorno )?$|(?<!\w)(?:he|she|she['’]s|he['’]s) (?:is |was )?from (?:the )?$",
    regex.I,
)
AGE = _words(r"""
    compi\w+|candelin[ae]|spegne\w*|festeggi\w+|et[àa]|di anni|anni (?:il|oggi|domani)|maggiorenn\w+|minorenn\w+|
    \w+enne|\w+enni|anta|anagraf\w+|
    annata|coscritt\w+|più (?:giovan\w+|vecchi\w+|anzian\w+|piccol\w+)|giovanissim\w+|giovane|anzian\w+|
    ascendente|segno|oroscopo|zodiac\w+|ariete|toro|gemelli|vergine|bilancia|scorpione|sagittario|capricorno|acquario|
    pesci|mummia|fuori quota|over \d\d|under \d\d|pensione|patent\w+|auguri|
    age|aged|how old|older|oldest|young|younger|youngest|years old|year-old|turn(?:s|ed|ing)?|candles?|celebrat\w+|
    over-\d\d|
    under-\d\d|retire\w*|veteran|teenager|grown-up|aries|taurus|gemini|virgo|libra|scorpio|sagittarius|capricorn|
    aquarius|pisces|star sign|zodiac|party|cake|twins|twin|triplets|same (?:day|age)|underage|legal|pints|
    eligible|happy returns
""")
RECORD = _words(r"""
    carta|carte|document\w*|passaport\w*|tessera|tesserin\w+|libretto|curriculum|cv|modul[oi]|sched[ae]|iscrizion\w+|
    iscritt\w+|elenco|distinta|tesserat\w+|contratto|gestionale|cartella|ricetta|etichetta|polizza|fascicolo|
    candidat\w+|concorso|assunzion\w+|domanda|certificato|dati|riga|colonna|foglio|excel|prenotazion\w+|registr\w+|
    codice fiscale|badge|verbale|referto|impegnativa|permesso|visto|timbro|braccialetto|targhetta|accredito|
    id|ids|i\.d\.|passports?|licen[cs]es?|card|form|forms|record|records|record's|file|files|label|wristband|
    résumé|resume|spreadsheet|sheet|roster|registration|application|applicant|candidate|query|database|export|
    system|column|plaque|certificate|scan|scanned|hr|payroll|kyc|chart|notes|booking|reservation|permit|visa|
    badge|paperwork|profile|linkedin|tag|background check|checked|verif\w+|proof|age gate
""")
BABY = _words(r"""
    bimb[oaie]|bambin[oaie]|neonat\w+|piccolin[oa]|piccol[oaie]|gemell\w+|fiocco|ostetric\w+|partori\w+|mamma|papà|
    nipotin\w+|figli[oa]|maternità|sala parto|chili|grammi|culla|nido|asilo|benvenut[oa]|arrivat[oa]|
    baby|newborn|little one|wee|arrived|safe and|weigh\w*|pounds|lbs?|ounces|twins|son|daughter|grandson|granddaughter|
    boy|girl|midwi\w+|maternity|labour|cot|nursery|mum|mom|dad|delivered|stork
""")
_COUNT = (
    r"(?:\d{1,3}|(?:dici|venti|trent|quarant|cinquant|sessant|settant|ottant|novant|cent)\w*|undici|dodici|tredici|"
    r"quattordici|quindici|sedici|(?:eight|nine|thir|four|fif|six|seven)teen|twelve|eleven|ten|"
    r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\- ](?:one|two|three|four|five|six|seven|eight|"
    r"nine))?|a hundred|one hundred)"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*"
YEARS = regex.compile(
    rf"(?<!\w)(?:will be|is|he's|she's|hits?|hitting|reaches|reaching|be|celebrat\w+|gets to)(?: the big)? {_COUNT}"
    rf"(?=\W*(?:on|this|next|today|tomorrow|come|and|years old|years young|in {_MONTH}|{_MONTH}|$|\n|[,;.!?]))"
    rf"(?![.,]\d)|"
    rf"(?<!\w)turn(?:s|ed|ing)?(?: the big)? {_COUNT}"
    rf"(?! (?:minutes|hours|days|weeks|months|miles|per|percent|am|pm|of|people|years (?:in|of|with|since|at))\b)"
    rf"(?![\w%:.,]\d|%)|"
    rf"(?<!\w){_COUNT} (?:candles|candeline|primavere|anni suonati|years (?:old|young|of age)|yrs old|today)(?!\w)|"
    rf"(?<!\w){_COUNT}(?:-year-old|th birthday|st birthday|nd birthday|rd birthday)(?!\w)|"
    rf"(?<!\w)(?:compi\w+|fa|farà|fanno|faranno|ne fa|spegne\w*|spegnerà|festeggi\w+|taglia)(?: i| le| gli| i suoi|"
    rf" ben|"
    rf" già| finalmente)? {_COUNT}(?: anni| candeline| primavere)?(?! (?:euro|km|ore|giorni|minuti|mesi|turni|"
    rf"anni (?:di|"
    rf"da|con|in|fa|che)))(?!\w)|"
    rf"(?<!\w)(?:i|gli|dei|degli|ai|agli) {_COUNT} anni (?:d['’]|d[ie] |del|nostr|suo|della)|"
    rf"(?<!\w){_COUNT} anni (?:il|l['’]|oggi|domani)(?!\w)|"
    rf"(?<!\w){_COUNT} (?:anni )?sulla terra|(?<!\w)(?:entra|entrano|entrerà) negli (?:anta|enta)|"
    rf"(?<!\w){_COUNT} on (?:this |the |next )?(?:mon|tues|wednes|thurs|fri|satur|sun)day(?!\w)|"
    rf"^\s*{_COUNT} (?:this|next|on|today|tomorrow|come)(?!\w)",
    regex.I,
)
ROW = regex.compile(
    r"[,;|\t/] ?(?:[MF]|male|female|maschio|femmina|sesso [MF]|sex [MF]) ?[,;|\t/] ?$|^[MF][,;] ?$", regex.I
)
ROW_BEHIND = regex.compile(r"^ ?[,;|/] ?(?-i:[MF])(?:[,;.| )]|$)")
EVENT = _words(r"""
    fondat\w+|fondazione|inaugur\w+|apr[iì]|aprì|aprimmo|aperto|aperta|apertura|riapr\w+|costru\w+|costituit\w+|
    vigore|legge|decreto|delibera|regolamento|sentenza|assunt[oa] (?:il|dal)|da noi dal|lavora (?:qui )?dal|
    in servizio|pres[eo] servizio|moriva|morì|mort[oa]|mancat[oa]|scompars[oa]|sposat\w+|sposar\w+|sposò|nozze|
    matrimonio|
    strage|attentato|terremoto|alluvione|partita|finale|scudetto|concerto|festival|mostra|esposizione|varo|varat\w+|
    manutenzione|revisione|collaudo|scad\w+|rinnov\w+|consegn\w+|spedit\w+|fattura|bolla|lotto|partì|partimmo|partenza|
    pubblicat\w+|uscì|uscit\w+|edizione|stampat\w+|scattat\w+|fotografia|foto|girat\w+|ripres\w+|archivio|cartolina|
    lettera|giornale|titolo|prima pagina|prima volta|primo giorno|sciopero|manifestazione|elezioni|referendum|guerra|
    appuntamento|riunione|assemblea|convegno|corso|evento|gita|viaggio|crociera|volo|esame|laurea\w*|diplom\w+|
    vinse|vinto|vincemmo|segnò|record (?:del|italiano|mondiale)|licenza|brevetto|immatricolat\w+|acquistat\w+|
    comprat\w+|
    founded|established|established|opened|opening|built|launched|laid|unveiled|inaugurated|incorporated|since|in force|
    act|law|regulation|hired|joined|started here|start(?:ed)? work|employed|died|passed away|funeral|married|wedding|
    anniversary|earthquake|flood|fire|match|final|cup|concert|gig|festival|exhibition|landed|sailed|service|serviced|
    inspection|expir\w+|expiry|renew\w+|deliver(?:y|ies)|shipped|invoice|batch|lot|best before|published|issue|edition|
    printed|photo(?:graph)? (?:was )?taken|photographed|filmed|archive|postcard|letter|headline|front page|
    first (?:day|time)|
    strike|election|referendum|war|appointment|meeting|assembly|conference|course|event|trip|voyage|cruise|flight|exam|
    graduat\w+|won|scored|patent|bought|purchased|registered in|came out|coins?|album|single|film|episode|broadcast
""")
EVENT_BEFORE = regex.compile(
    r"(?<!\w)(?:dal|dall['’]|dallo|al|entro(?: il| l['’])?|fino al|sino al|prima del|dopo il|a partire dal|"
    r"since|from|until|till|by|before|after|starting|as of|due|valid|opens?|closes?|deadline|"
    r"scad\w+|apertura|chiusura|inizio|fine|partenza|ritorno|consegna|start date|end date|issued|rilasciat[oa])"
    r"(?: (?:giorno|the|il|on|del|at))?[:\s]*[\"“(]?$|"
    r"(?<!\w)(?!turned|celebrated|aged|arrived)\p{L}{2,}(?:ed|ent|ught|ame)(?: here| us| in| out| up)? on (?:the )?$|"
    r"(?<!\w)(?:\p{L}{3,}ò|servizio|da noi)(?: qui)? il $",
    regex.I,
)
