"""Recognisers whose patterns take linear time, know Italian and English ways of writing, and are held to a check."""

from __future__ import annotations

from collections.abc import Callable

import regex
from presidio_analyzer import EntityRecognizer, LocalRecognizer, Pattern, PatternRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from rules.identifiers import checks, circumstances
from rules.identifiers.births import Births
from rules.identifiers.entities import Entity
from rules.identifiers.names import People
from rules.identifiers.phones import Phones
from rules.identifiers.shapes import ENDS, LONE, Scored
from rules.identifiers.special import Special

Check = Callable[[str], bool | None]
TIMEOUT = 1.0
"""Seconds that one pattern may take, which is ten times what all of them need; the screener waits for longer."""


_FLAGS = regex.IGNORECASE | regex.DOTALL | regex.MULTILINE
_DASH = r"\-\u2010-\u2015"
_SEP = rf"[ .{_DASH}]?"
_GAP = rf"[ .{_DASH}]{{0,2}}"

_LABEL = r"[^\W_](?:[\w\-]{0,61}+(?<!-))?"
_TLD = r"(?:[^\W\d_]{2,24}|xn--[\w\-]{2,59})(?!\w)"
_LOCAL = r"[^\W_][\w%+\-]{0,63}"
_AT = r" ?[(\[{] ?(?:at|chiocciola) ?[)\]}] ?| chiocciola "
_DOT = r"\.| ?[(\[{] ?(?:dot|punto) ?[)\]}] ?| punto "
_EMAIL: tuple[Scored, ...] = (
    (rf"(?<![\w%+\-@])(?<![\w%+\-]\.)[^\W_](?:[\w%+'\-]|\.(?!\.)){{0,63}}+@(?:{_LABEL}\.){{1,8}}{_TLD}", 0.5),
    (rf"(?<!\w){_LOCAL}(?:(?:\.| punto )[\w%+\-]{{1,63}}){{0,3}}+(?:{_AT})(?:{_LABEL}(?:{_DOT})){{1,5}}{_TLD}", 0.5),
    (rf"(?<!\w){_LOCAL}(?: dot [\w%+\-]{{1,63}}){{0,3}}+ at (?:{_LABEL} dot ){{1,4}}{_TLD}", 0.5),
)

_FOUR = r"(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6(?:011|4[4-9]\d|5\d\d|2\d\d)|35[2-8]\d)"
_CARD_START = rf"{LONE}(?<!\d[.,])"
_CARD_END = r"(?!\w|[.,\-/]\d)"
_CARD: tuple[Scored, ...] = (
    (rf"{_CARD_START}3[47]\d\d{_GAP}\d{{6}}{_GAP}\d{{5}}{_CARD_END}", 0.55),
    (rf"{_CARD_START}3[47](?:[ ./{_DASH}]?\d){{13}}{_CARD_END}", 0.4),
    (rf"{_CARD_START}3(?:0[0-5]|[68]\d)\d{_GAP}\d{{6}}{_GAP}\d{{4}}{_CARD_END}", 0.3),
    (rf"{_CARD_START}{_FOUR}(?:[ .{_DASH}]{{1,2}}\d{{4}}){{3}}{_CARD_END}", 0.7),
    (rf"{_CARD_START}{_FOUR}\d{{12}}{_CARD_END}", 0.55),
    (rf"{_CARD_START}(?:5[06-9]|6\d)\d\d(?:{_SEP}\d{{2,4}}){{2,5}}{_CARD_END}", 0.1),
)

_WALLET: tuple[Scored, ...] = (
    (r"(?-i:(?<!\w)[13][1-9A-HJ-NP-Za-km-z]{25,34}(?!\w))", 0.5),
    (r"(?<!\w)bc1[02-9ac-hj-np-z]{25,59}(?!\w)", 0.5),
    (r"(?<!\w)0x(?: ?[0-9a-f]){40}(?!\w)", 0.6),
    (r"(?-i:(?<!\w)[13][1-9A-HJ-NP-Za-km-z]{8,20}[\- ][1-9A-HJ-NP-Za-km-z]{8,20}(?!\w))", 0.1),
)

# Letters may stand in place of digits (omocodia), but not in a code that is also set in groups: prose would match.
_N = "[0-9LMNP-V]"
_MONTH = "[A-EHLMPR-T]"
_SPACED = r"[ .\-]"
_FISCAL_CODE: tuple[Scored, ...] = (
    (rf"(?<![^\W_])[A-Z]{{6}}{_N}{{2}}{_MONTH}{_N}{{2}}[A-Z]{_N}{{3}}[A-Z](?![^\W_])", 0.3),
    (
        rf"(?<!\w)[A-Z]{{3}}{_SEP}[A-Z]{{3}}{_SEP}\d\d{_SEP}{_MONTH}{_SEP}\d\d{_SEP}[A-Z]{_SEP}\d{{3}}{_SEP}[A-Z](?!\w)",
        0.3,
    ),
    (
        rf"(?<![^\W_])(?:[A-Z]{_SEP}){{6}}(?:{_N}{_SEP}){{2}}{_MONTH}{_SEP}(?:{_N}{_SEP}){{2}}[A-Z]{_SEP}(?:{_N}{_SEP}){{3}}"
        rf"[A-Z](?![^\W_])",
        0.3,
    ),
    (
        rf"(?<!\w)(?:[A-Z]{_SPACED}){{6}}(?:\d{_SPACED}){{2}}{_MONTH}{_SPACED}(?:\d{_SPACED}){{2}}"
        rf"[A-Z]{_SPACED}(?:\d{_SPACED}){{3}}[A-Z](?!\w)",
        0.3,
    ),
)

_ELEVEN = rf"\d(?:{_SEP}\d){{10}}(?!\w|[.,]\d)"
_VAT: tuple[Scored, ...] = ((rf"{LONE}IT{_SEP}{_ELEVEN}", 0.75), (rf"{LONE}(?<![+.,(])(?<!\d ){_ELEVEN}", 0.1))

# The versions of programs are small numbers; addresses on the net have a large one somewhere, or a private beginning.
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = rf"(?<![\w.]|\w[\-/]|[€$£] ?)(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d| ?(?:[€$£%]|eur|usd|doll))"
_LARGE = r"(?=(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.|(?:\d{1,3}\.){0,3}(?:6[4-9]|[7-9]\d|[12]\d\d)(?!\d))"
_IP: tuple[Scored, ...] = (
    (
        rf"(?=192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|"
        rf"(?:\d{{1,3}}\.){{0,2}}[12]\d\d\.(?:\d{{1,3}}\.){{0,1}}[12]\d\d(?!\d)){_IPV4}",
        0.6,
    ),
    (rf"{_LARGE}{_IPV4}", 0.5),
    (_IPV4, 0.1),
    (r"(?<![\w:.])(?=[0-9a-f]{0,4}:)[0-9a-f:]{6,39}(?![\w:])", 0.6),
)

_PAIRS = r"[0-9A-F]{2}([:\-])(?:[0-9A-F]{2}\1){4}[0-9A-F]{2}(?![\w:\-])"
_MAC: tuple[Scored, ...] = (
    (r"(?<![\w.])[0-9A-F]{2}([. ])(?:[0-9A-F]{2}\1){4}[0-9A-F]{2}(?![.]?\w)", 0.1),
    (r"(?<![\w.])(?=[\d ]{0,13}[A-F])[0-9A-F]{4} [0-9A-F]{4} [0-9A-F]{4}(?!\w)", 0.05),
    (r"(?<![\w.])(?=[0-9]{0,11}[A-F])(?=[A-F]{0,11}[0-9])[0-9A-F]{12}(?!\w)", 0.1),
    (rf"(?<![\w:\-])(?=[\d:\-]{{0,16}}[A-F]){_PAIRS}", 0.6),
    (rf"(?<![\w:\-]){_PAIRS}", 0.1),
    (r"(?<![\w.])(?=[\d.]{0,13}[A-F])[0-9A-F]{4}\.[0-9A-F]{4}\.[0-9A-F]{4}(?!\.?\w)", 0.5),
)

_SSN: tuple[Scored, ...] = (
    (rf"{LONE}\d{{3}}-\d{{2}}-\d{{4}}{ENDS}", 0.5),
    (rf"{LONE}[1-9]\d\d \d{{2}} \d{{4}}{ENDS}", 0.36),
    (rf"{LONE}(?:\d{{3}} ?[ .\-] ?\d{{2}} ?[ .\-] ?\d{{4}}|\d{{9}}){ENDS}", 0.1),
)
_NHS: tuple[Scored, ...] = (
    (rf"{LONE}(?:\d{{3}} ?[ ./\-]? ?\d{{3}} ?[ ./\-]? ?\d{{4}}|\d(?:[ \-.]?\d){{9}}){ENDS}", 0.1),
)
_NINO_LETTERS = r"(?!BG|GB|NK|KN|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
_NINO: tuple[Scored, ...] = (
    (rf"(?-i:{LONE}{_NINO_LETTERS} \d\d \d\d \d\d [A-D]{ENDS})", 0.5),
    (rf"(?-i:{LONE}{_NINO_LETTERS} \d{{6}} [A-D]{ENDS})", 0.4),
    (rf"(?-i:{LONE}{_NINO_LETTERS}\d{{6}}[A-D]{ENDS})", 0.36),
    (rf"{LONE}{_NINO_LETTERS}(?:[ .\-]{{0,3}}\d){{6}}[ .\-]{{0,3}}[A-D]{ENDS}", 0.15),
)


def recognisers(language: str) -> list[EntityRecognizer]:
    """All of them, under one language: an Italian fiscal code is one in an English post too."""
    return [
        Checked(language, Entity.EMAIL_ADDRESS, _EMAIL, checks.email),
        Checked(language, Entity.CREDIT_CARD, _CARD, checks.card),
        Ibans(language),
        Checked(language, Entity.CRYPTO, _WALLET, checks.wallet),
        Checked(language, Entity.IT_FISCAL_CODE, _FISCAL_CODE, checks.fiscal_code),
        Checked(language, Entity.IT_VAT_CODE, _VAT, checks.vat),
        Checked(language, Entity.MAC_ADDRESS, _MAC, checks.mac),
        Checked(language, Entity.IP_ADDRESS, _IP, checks.ip),
        Checked(language, Entity.IT_HEALTH_CARD, circumstances.HEALTH_CARD),
        Checked(language, Entity.IT_IDENTITY_CARD, circumstances.IDENTITY_CARD),
        Checked(language, Entity.PASSPORT, circumstances.PASSPORT),
        Checked(language, Entity.DRIVER_LICENSE, circumstances.DRIVER_LICENSE),
        Checked(language, Entity.LICENSE_PLATE, circumstances.PLATE),
        Births(language),
        Checked(language, Entity.ADDRESS, circumstances.ADDRESS),
        Checked(language, Entity.US_SSN, _SSN, checks.ssn),
        Checked(language, Entity.UK_NHS, _NHS, checks.nhs),
        Checked(language, Entity.UK_NINO, _NINO),
        Phones(language),
        People(language),
        Special(language),
    ]


class Checked(PatternRecognizer):
    """What one of the patterns finds and the check does not rule out.

    Presidio's own search goes on without a pattern that is out of time, and says so in the log only; how long it waits
    is an environment variable's to say. Here `TimeoutError` reaches whoever asked.
    """

    def __init__(self, language: str, entity: Entity, scored: tuple[Scored, ...], check: Check | None = None) -> None:
        patterns = [Pattern(str(number), expression, score) for number, (expression, score) in enumerate(scored)]
        super().__init__(entity, patterns=patterns, supported_language=language)
        self._entity, self._check = entity, check
        self._compiled = [(regex.compile(one.regex, _FLAGS), one.score) for one in patterns]

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None, regex_flags: int | None = None
    ) -> list[RecognizerResult]:
        metadata = {RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id}
        return [
            RecognizerResult(self._entity, match.start(), match.end(), score, recognition_metadata=metadata)
            for pattern, usual in self._compiled
            for match in pattern.finditer(text, timeout=TIMEOUT)
            if (score := self._score(match[0], usual))
        ]

    def _score(self, written: str, usual: float) -> float:
        checked = self.validate_result(written)
        return usual if checked is None else float(checked)

    def validate_result(self, pattern_text: str) -> bool | None:
        return self._check(pattern_text) if self._check else None


class Ibans(LocalRecognizer):
    """An IBAN has its country's length: what follows it in the sentence is not read as a part of it."""

    _HEAD = regex.compile(rf"(?<![^\W_])(?:iban)?(?P<code>[A-Z]{{2}}){_SEP}\d\d(?={_GAP}[A-Z0-9])", regex.I)
    _NEXT = regex.compile(rf"{_GAP}([A-Z0-9])", regex.I)
    _LONGEST = 34

    def __init__(self, language: str) -> None:
        super().__init__([Entity.IBAN_CODE], supported_language=language)

    def load(self) -> None:
        pass

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        metadata = {RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id}
        return [
            RecognizerResult(Entity.IBAN_CODE, start, end, 1.0, recognition_metadata=metadata)
            for head in self._HEAD.finditer(text)
            if (end := self._end(text, start := head.start("code")))
        ]

    def _end(self, text: str, start: int) -> int | None:
        characters, ends, at = "", list[int](), start
        while len(characters) < self._LONGEST and (one := self._NEXT.match(text, at)):
            characters += one[1].upper()
            at = one.end()
            ends.append(at)
        length = checks.iban_length(characters)
        return ends[length - 1] if length else None
