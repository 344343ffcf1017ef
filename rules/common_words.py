"""The commonest words of Italian and English: evidence where a clause is too short for a model."""

import regex

_ITALIAN = """gli la le un uno una di del dello della dei degli delle da dal dalla dall' al allo alla agli alle dell'
il lo all' nell' sull' un' l' c' nel nella nei nelle sul sulla sui sulle con tra fra che chi cui non è e ma se si ci vi
mi ti sono siamo ha hai ho hanno abbiamo stato stata anche ancora più perché quando questo questa questi queste
nostro nostra nostri nostre vostro tutti tutto grazie oggi domani ogni senza dopo presto molto sarà"""
_ENGLISH = """the and of to for with from by at on is are was were be been am we our us you your they their he she his
her its it's i'm we're my this that these those not don't have has had will would can can't what who how when where why
which if or but so as than then there all about out up more just thank thanks today tomorrow soon after new get"""
WORDS = {"it": frozenset(_ITALIAN.split()), "en": frozenset(_ENGLISH.split())}
"""The commonest words of two languages that are none of the other's, to tell them apart in the shortest clause."""

_ELSEWHERE = """il lo la le un uno una di del dell' da dal al l' c' nei con tra fra che e è ma se si ci vi mi ti non ha
hai ho nel sei sui presto all' un' ancora chi alle quando so as am on is was be by at of to we us he his her had has
have are but will were up or all about out new my can if not get for"""
SHARED = frozenset(_ELSEWHERE.split())
"""Those that other languages have too: no evidence amid a text in a third one."""

LOANS = regex.compile(
    r"(?i)\b(?:save the date|stay tuned|behind the scenes|on the road|last but not least|step by step|how to"
    r"|on (?:air|stage|demand)|open to work|(?:check|follow) up|out of office|call to action|all inclusive)\b"
)
"""English that is at home in Italian."""
