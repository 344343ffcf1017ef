"""Keys, tokens and passwords: a maintained scanner for what machines make, rules of our own for what people say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

import regex

from rules.credentials.told import told
from rules.detectors.base import Guarding, Hit, Subject
from rules.draft import Span, united
from rules.folding import Reading, fold_plain
from rules.scanner import TIMEOUT, Scanner, scanner
from rules.unavailable import Unavailable

if TYPE_CHECKING:
    from rules.judges import Judges

SECRET = "SECRET"  # noqa: S105 -- a label
"""What stands in place of a secret wherever the text is shown or stored: also in the answer to its own writer."""

_TELLING = 4
"""Characters from which a secret is recognised when it is said again."""

# What the scanner lets pass; the secret is the group.
_FORMS = tuple(
    regex.compile(pattern)
    for pattern in (
        r"(?i)(?<!\w)[a-z][a-z0-9+.\-]{1,20}://[^\s:/@]{0,64}:(?P<secret>[^\s/]{3,128})@(?=[\w.\-]+)",
        r"(?i)(?<!\w)bearer\s+(?P<secret>[a-z0-9._~+/\-]{16,1024}=*)",
        r"(?i)(?<!\w)basic\s+(?P<secret>[a-z0-9+/]{12,512}={0,2})(?!\w)",
        r"(?:(?<![\w:])|(?<=/bot))(?P<secret>\d{8,10}:AA[\w\-]{32,34})(?![\w\-])",  # Telegram's bots
        r"(?<!\w)(?P<secret>[MNO][\w\-]{22,27}\.[\w\-]{6}\.[\w\-]{27,45})(?![\w\-])",  # Discord's bots
        r"(?<!\w)(?P<secret>key-[0-9a-f]{32})(?!\w)",  # Mailgun
        r"(?<!\w)(?P<secret>(?:sk|rk)_live_\w{16,128})(?!\w)",
        r"(?<!\w)(?P<secret>SG\.[\w\-]{16,32}\.[\w\-]{32,64})(?![\w\-])",
        r"(?<!\w)(?P<secret>(?:ghp|gho|ghu|ghs|ghr|npm|hf|ntn|dckr_pat|shpat|shpss|glpat|hvs|xox[abprs]|xapp|dapi|"
        r"AIza|GOCSPX|pypi|github_pat)[_\-.]?[\w\-.]{18,512})(?![\w\-])",
        r"(?<!\w)(?P<secret>sk-(?:proj-|ant-|svcacct-|admin-)?[\w\-]{20,512})(?![\w\-])",
        r"(?<!\w)(?P<secret>(?:AKIA|ASIA)[A-Z2-7]{16})(?!\w)",
        r"(?<!\w)(?P<secret>pat-(?:eu|na)\d-[0-9a-f]{8}-[0-9a-f\-]{20,36})(?!\w)",
        r"(?<!\w)(?P<secret>pat[A-Za-z0-9]{14}\.[0-9a-f]{64})(?!\w)",
        r"(?<!\w)(?P<secret>eyJ[\w\-]{10,}\.[\w\-]{10,}\.[\w\-]{10,})",
        r"(?<!\w)(?P<secret>AC[0-9a-f]{32}(?:\s?[/:,;|]\s?[0-9a-f]{32})?)(?!\w)",  # Twilio's, with the token behind
        r"(?i)(?<!\w)account(?:key|_key)\s*=\s*(?P<secret>[a-z0-9+/]{40,120}={0,2})",
        r"https://(?:hooks\.slack\.com/services|(?:canary\.|"
        r"ptb\.)?discord(?:app)?\.com/api/webhooks)/(?P<secret>[\w/\-]{20,160})",
        r"-----BEGIN (?P<secret>[A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,4000}?(?:-----END [A-Z ]{0,40}-----|$))",
        # Long, in both cases and with digits: no word, and no address either.
        r"(?<![\w/+=.@#:\-])(?!0x[\da-fA-F]{40}(?!\w))(?P<secret>(?=[A-Za-z+/_\-]{0,128}\d)(?=[A-Z\d+/_\-]{0,128}[a-z])(?=[a-z\d+/_\-]{0,128}[A-Z])"
        r"[A-Za-z0-9+/_\-]{36,256}={0,2})(?![\w/+]|\.\w)",
        # A name that says what its value is: DB_PASSWORD=..., "api_key": "...", AWS_SECRET_ACCESS_KEY: ...
        r"(?i)(?<![\w])[\w.\-]{0,40}(?:passw(?:or)?d|passwd|pwd|secret|api[_\-]?key|apikey|access[_\-]?key|"
        r"auth[_\-]?token|access[_\-]?token|client[_\-]?secret|private[_\-]?key|storage[_\-]?key|account[_\-]?key|"
        r"token)[\w.\-]{0,20}[\"'`]?\s*(?:=|:=|=>|:)\s*[\"'`]?(?P<secret>[^\s\"'`,;(){}<>\[\]]{6,512})",
        r"(?i)(?<!\w)(?:token|secret|chiave|key|signature|accountkey|"
        r"account key)\W{1,4}(?:\w+\W{1,3}){0,3}?[\"'`]?"
        r"(?P<secret>(?=[a-z+/=_\-]{0,99}\d)(?=[0-9+/=_\-]{0,99}[a-z])[a-z0-9+/_\-]{24,512}={0,2})(?![\w/+])",
        r"(?<![\w+/=])(?P<secret>(?=[A-Za-z+/]{0,86}[0-9])(?=[A-Z0-9+/]{0,86}[a-z])(?=[a-z0-9+/]{0,86}[A-Z])[A-Za-z0-9+/]{86}==)(?![\w+/=])",
    )
)
_PLACEHOLDER = regex.compile(
    r"(?i)[x*•.\-_<>{}\[\]]{4,}|(?:.*[^a-z])?(?:your|tuo|tua).*|.*(?:example|esempio|placeholder|changeme|redacted|xxxx|"
    r"\.\.\.|segnaposto|inserisci|insert|dummy).*|\$\{?\w+\}?|%\w+%|_*token_*|(?-i:[a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z]+)+)"
)

_BLANKED = regex.compile(
    r"(?i)[x*•●.\-_]{3,}|[<{\[(]+[\p{L}_\- ]*[>}\])]*|(?:la[\- _]?tua|your)[\- _]?password|segnaposto"
)
"""What people write in a password's stead. Stricter: any word may be a password that is told."""


class SecretRule(Guarding):
    finds: ClassVar[str] = "keys, tokens and passwords, from machines and from people"
    opens: ClassVar[bool] = True

    detector: Literal["secret"]
    prose: bool = True
    """Whether to look for secrets told in words, too: `the wifi password is ...`."""

    def load(self, judges: Judges | None = None) -> None:
        self._scanner(judges)

    def find(self, subject: Subject) -> Iterator[Hit]:
        found = self._scanner(subject.judges)
        subject.models[found.name] = found.digest
        reading = subject.folded.plain
        places = subject.once("machine secrets", lambda: _machines(reading, found))
        if self.prose:
            places = [*places, *subject.once("told secrets", lambda: _people(reading))]
        places = [*places, *self._repeated(subject, found)]
        for span in united(places):
            yield Hit(span, hides=SECRET)

    def _repeated(self, subject: Subject, found: Scanner) -> Iterator[Span]:
        """A secret of what is answered, said again in the answer."""
        if not subject.draft.in_reply_to:
            return
        asked = fold_plain(subject.draft.in_reply_to)
        words = {
            span.of(subject.draft.in_reply_to)
            for span in [*_machines(asked, found), *(_people(asked) if self.prose else ())]
        }
        for word in words:
            at = subject.text.find(word)
            while len(word) >= _TELLING and at >= 0:
                yield Span(at, at + len(word))
                at = subject.text.find(word, at + 1)

    def _scanner(self, judges: Judges | None) -> Scanner:
        try:
            return scanner(judges.folder if judges else None)
        except Exception as error:
            raise Unavailable("model:kingfisher") from error


def _machines(reading: Reading, found: Scanner) -> list[Span]:
    text = reading.text
    spans = [(one.start, one.end) for one in found.find(text)]
    spans += [match.span("secret") for form in _FORMS for match in form.finditer(text, timeout=TIMEOUT)]
    return [reading.span(start, end) for start, end in spans if not _is_placeholder(text[start:end])]


def _is_placeholder(value: str) -> bool:
    """A documented example of forty characters is a key all the same, to whoever reads it."""
    return _PLACEHOLDER.fullmatch(value) is not None and not (len(value) > 20 and any(c.isdigit() for c in value))


def _people(reading: Reading) -> list[Span]:
    text = reading.text
    return [reading.span(start, end) for start, end in told(text) if not _BLANKED.fullmatch(text[start:end])]
