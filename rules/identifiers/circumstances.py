"""What leads to a person by circumstance: plates, documents, a home, a date of birth. Words beside decide."""

from __future__ import annotations

from rules.identifiers.shapes import ENDS, LONE, Scored

_PLATE_LETTERS = "[A-HJ-NPR-TV-Z]"
PLATE: tuple[Scored, ...] = (
    (rf"(?-i:{LONE}{_PLATE_LETTERS}{{2}}[ \-]?\d{{3}}[ \-]?{_PLATE_LETTERS}{{2}}{ENDS})", 0.36),
    (rf"{LONE}{_PLATE_LETTERS}{{2}}[ .\-]{{0,3}}\d{{3}}[ .\-]{{0,3}}{_PLATE_LETTERS}{{2}}{ENDS}", 0.15),
    (rf"(?-i:{LONE}[A-HJ-PR-Y]{{2}}[0-7]\d [A-HJ-PR-Z]{{3}}{ENDS})", 0.36),
    (rf"(?-i:{LONE}[A-HJ-PR-Y]{{2}}[0-7]\d[A-HJ-PR-Z]{{3}}{ENDS})", 0.36),
    (rf"(?-i:{LONE}[A-HJ-PR-Y]{{2}}[0-7]\d-[A-HJ-PR-Z]{{3}}{ENDS})", 0.25),
    (rf"{LONE}[A-HJ-PR-Y]{{2}}[0-7]\d[ .\-]?[A-HJ-PR-Z]{{3}}{ENDS}", 0.15),
)
# A plate of anywhere else, right behind the word.
_PLATED = (
    r"(?<=(?:plates?|tags?|license|licence|targ(?:a|he|at[oa])|reg|rego)(?:[ :,]{1,2}(?:is|was|are|reads|number|no\.?|"
    r"starting|numero|è|era))?[ :,]{1,2})"
)
PLATE = (
    *PLATE,
    (
        rf"(?-i:{_PLATED}(?=[A-Z \-]{{0,6}}\d)(?=[\d \-]{{0,5}}[A-Z])"
        rf"[A-Z\d]{{1,4}}(?:[ \-·]?[A-Z\d]{{1,5}}){{1,2}}{ENDS})",
        0.4,
    ),
)

HEALTH_CARD: tuple[Scored, ...] = (
    (rf"{LONE}80380(?:[ .\-]?\d){{15}}{ENDS}", 0.8),
    (rf"{LONE}\d(?:[ .\-]?\d){{19}}{ENDS}", 0.05),
)

# Two letters and seven digits; a letter and eight; nine digits: each is many other things without a word beside it.
_TWO = r"(?:(?-i:[A-Z]{2} ?)|[A-Z]{2})"
PASSPORT: tuple[Scored, ...] = (
    (rf"(?-i:{LONE}Y[A-D] ?\d{{7}}{ENDS})", 0.36),
    (
        rf"(?-i:{LONE}(?:\d{{2}}[A-Z]{{2}}\d{{5}}|[A-Z]{{3}}\d{{6}}|C(?=[A-Z]{{0,4}}\d)"
        rf"[0-9CFGHJKLMNPRTVWXYZ]{{8}}){ENDS})",
        0.05,
    ),
    (rf"{LONE}(?!A[A-Z]){_TWO}(?:[ .\-]?\d){{7}}{ENDS}", 0.05),
    (rf"{LONE}(?=A[A-Z]){_TWO}(?:[ .\-]?\d){{7}}{ENDS}", 0.01),
    (rf"{LONE}[A-Z] ?(?:\d[ .\-]?){{7}}\d{ENDS}", 0.05),
    (rf"{LONE}(?:\d{{9}}|\d{{3}}[ .]\d{{3}}[ .]\d{{3}}){ENDS}", 0.05),
)
_LICENSED = (
    r"(?<=(?i:driv(?:er['’]?s?|ers['’]|ing) (?:licen[cs]es?|permits?)|licen[cs]e (?:no\.?|number|num|#)|cdl|patente)"
    r"(?:[ :,#(]{1,3}(?:(?i:is|was|reads|number|no\.?|numero|n\.|of (?:\w{1,12} ){1,3}))?)[ :,#(]{0,2})"
)
DRIVER_LICENSE: tuple[Scored, ...] = (
    (rf"{LONE}(?:[A-Z]{{2}}[ .\-]?(?:\d[ .\-]?){{7}}[A-Z]|U1[ .\-]?(?:[0-9A-Z][ .\-]?){{7}}[A-Z]){ENDS}", 0.05),
    (rf"{LONE}[A-Z9]{{5}}[ .\-]?\d{{6}}[ .\-]?[A-Z9]{{2}}\d[A-Z]{{2}}{ENDS}", 0.6),
    (rf"(?-i:{LONE}U1(?=(?:[A-Z]{{0,7}}\d){{3}})[0-9A-Z]{{7}}[A-Z]{ENDS})", 0.36),
    # American ones: seven to nine digits, or a letter and digits in groups.
    (
        rf"(?-i:{_LICENSED}(?:\d{{7,9}}|[A-Z]{{1,2}}[ \-]?\d(?:[ \-]?\d){{5,13}}|"
        rf"[A-Z]\d{{3}}-?\d{{4}}-?\d{{4}}){ENDS})",
        0.4,
    ),
)
IDENTITY_CARD: tuple[Scored, ...] = (
    (rf"(?-i:{LONE}C[A-Z]\d{{5}}[A-Z]{{2}}{ENDS})", 0.36),
    (
        rf"{LONE}(?!Y[A-D])(?:{_TWO}(?:[ .\-]?\d){{7}}|\d{{7}}[A-Z]{{2}}|"
        rf"[A-Z][ .]?[A-Z][ .\-]?(?:\d[ .\-]?){{5}}[A-Z]{{2}}|"
        rf"[A-Z]\.[A-Z]\.\d{{7}}){ENDS}",
        0.05,
    ),
)

_STREET = (
    r"(?:via|viale|v\.le|vle|piazza|p\.?zza|piazzale|p\.le|piazzetta|corso|c\.so|largo|vicolo|vico|strada|contrada|"
    r"c\.da|"
    r"localit[àa]|loc\.|frazione|fraz\.|borgo|salita|calle|fondamenta|campo|ramo|lungotevere|lungarno|lungomare|"
    r"traversa|"
    r"rione|cascina|rampa|galleria|passaggio|stradone)"
)
# Names of streets: with a capital, or all small behind a word that hardly means anything else.
_NAMED = (
    r"(?-i:(?:\d{1,2} |[XVI]{1,5} )?(?:(?:dei|degli|delle|della|dello|del|dell['’]|di|da|d['’]|de|san|santa|al|alla|"
    r"la|le|il|fratelli|f\.lli) ?)?"
    r"\p{Lu}[\p{L}.'’]{0,20}(?: (?:(?:dei|degli|delle|della|dello|del|dell['’]|di|da|d['’]|de|e|in|al|"
    r"la) ?)?\p{Lu}[\p{L}.'’]{0,20}){0,4})"
)
_SMALL = r"(?<!\w)(?:via|viale|v\.le|p\.?zza|piazza|vicolo|c\.so) (?:[\p{Ll}.'’]{2,20} ){0,3}?[\p{Ll}.'’]{3,20}"
_CIVIC = (
    r"(?:n\.?[°º]? ?|nr\.? ?|num(?:ero)?\.? ?|civico ?|al civico ?)?\d{1,4}(?: ?(?:/ ?[a-z\d]{1,3}|bis|ter)|"
    r"[a-e])?(?![\d\w:%]|[.,]\d| ?(?:euro|€|metri|km|ore|anni|minuti|persone|volte|am\b|pm\b))"
)
_WITHIN = (
    r"(?:,? (?:scala|sc\.|interno|int\.?|piano|palazzina|pal\.|citofono|edificio|lotto|terzo piano|"
    r"secondo piano|primo piano) ?[\w°º]{1,10}){0,3}"
)
_TOWN = (
    r"(?-i:,? (?:[aA] )?\p{Lu}\p{Ll}[\p{L}'’]{0,20}"
    r"(?: (?:(?:di|del|della|in|sul|d') ?)?\p{Lu}\p{Ll}[\p{L}'’]{0,20}){0,3})"
)
_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
_ROAD = (
    r"(?:street|st\.?|road|rd\.?|avenue|ave\.?|lane|ln\.?|drive|dr\.?|close|crescent|court|ct\.?|way|terrace|place|"
    r"pl\.?|gardens|"
    r"grove|hill|boulevard|blvd\.?|row|mews|walk|square|green|park|rise|view|parade|quay|highway|circle|trail)"
)
_UNIT = r"(?:(?:flat|apartment|apt\.?|unit|no\.?|number) ?\w{1,5},? )?"
ADDRESS: tuple[Scored, ...] = (
    (rf"(?-i:{_SMALL},? ){_CIVIC}{_WITHIN}(?:{_TOWN})?(?:,? \d{{5}})?", 0.3),
    (
        rf"(?<!\w){_STREET} {_NAMED},? {_CIVIC}{_WITHIN}"
        rf"(?:,? (?:- )?\d{{5}})?"
        rf"(?:{_TOWN})?(?:,? \d{{5}})?",
        0.36,
    ),
    (
        rf"(?<!\w){_UNIT}\d{{1,5}}[a-d]? (?-i:(?:\p{{Lu}}[\p{{L}}'’\-]{{1,20}}|\d{{1,3}}(?:st|nd|rd|"
        rf"th)) ){{1,3}}{_ROAD}(?!\w)"
        rf"(?:,? (?:apt\.?|apartment|unit|#) ?\w{{1,5}})?(?:{_TOWN}){{0,3}}(?:,? {_POSTCODE}(?!\w)|"
        rf",? [A-Z]{{2}} \d{{5}}(?!\w))?",
        0.36,
    ),
    (
        r"(?<!\w)(?:flat|apartment|apt) ?\w{1,4},? (?-i:\p{Lu}[\p{L}'’]{1,20} ){1,3}(?:house|court|buildings|mansions|"
        r"tower)(?!\w)",
        0.3,
    ),
    (rf"(?-i:(?<!\w){_POSTCODE}(?!\w))", 0.1),
)
