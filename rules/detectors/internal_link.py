"""Links that only people inside can open: intranet, shared documents, tickets, folders on a server."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import regex
from pydantic import StringConstraints

from rules.detectors.base import Guarding, Hit, Subject
from rules.draft import outermost

Host = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^(?:\*\.)?[\w\-]+(?:\.[\w\-]+)*$")
]
"""`wiki.acme.it`, or `*.acme.it` for every host below that name."""

_LABEL = r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
_URL = regex.compile(
    rf"(?<![\w@.\-/])(?:(?P<scheme>[a-z][a-z0-9+]{{1,9}})://)?(?:[^\s/@:]{{1,40}}@)?"
    rf"(?P<host>(?:\d{{1,3}}\.){{3}}\d{{1,3}}|\[[0-9a-f:]{{2,45}}\]|"
    rf"{_LABEL}(?:\.{_LABEL}){{0,8}})(?P<port>:\d{{2,5}})?(?P<path>[/?#][^\s<>\"'“”«»]*)?",
    regex.I,
)
_SHARE = regex.compile(
    r"(?<![\w\\])\\\\[\w.\-$]{2,63}(?:\\[^\s\\/:*?\"<>|]{1,80})+|(?<!\w)(?:smb|file|nfs|afp)://\S{3,200}|"
    r"(?<!\w)[A-Z]:\\(?:[^\s\\/:*?\"<>|]{1,80}\\?){2,}",
    regex.I,
)
_INSIDE = regex.compile(
    r"(?:^|\.)(?:local|lan|internal|intranet|corp|home|localdomain|priv|private|test)$|(?:^|[.\-])(?:intranet|intra|"
    r"extranet)(?:[.\-]|$)|^(?:srv|server|nas|dc|db|erp|sql|app|web|vm|host|node)[\-_]?\w*$",
    regex.I,
)
# Tools that companies put on a host of their own.
_TOOL = regex.compile(
    r"^(?:jira|confluence|wiki|gitlab|jenkins|grafana|kibana|sonar(?:qube)?|nexus|artifactory|vpn|owa|webmail|sso|adfs|"
    r"citrix|rdp|erp|crm|hris|payroll|sap|redmine|mattermost|nextcloud|owncloud|zabbix|nagios|prometheus|argocd|rancher|"
    r"portainer|staging|uat|preprod|backoffice|jump|bastion|metabase|superset|airflow|sharepoint|timesheet)\.",
    regex.I,
)
# ... unless they are the makers' or a project's that is open to all.
_OPEN = regex.compile(
    r"(?:^|\.)(?:atlassian\.com|google\.com|microsoft\.com|live\.com|gitlab\.com|gnome\.org|kde\.org|debian\.org|"
    r"apache\.org|jenkins\.io|archlinux\.org|ubuntu\.com|mediawiki\.org|wikimedia\.org|"
    r"grafana\.(?:com|org)|mozilla\.org|python\.org|freedesktop\.org|sap\.com|citrix\.com)$",
    regex.I,
)
# What everybody uses, and what in its address says that it is somebody's own.
# ... and needs a login,
_WORKPLACES = (
    r"[\w\-]+\.atlassian\.net/(?:browse|wiki|jira|servicedesk|projects|l|secure|issues)\S*",
    r"teams\.microsoft\.com/\S+",
    r"teams\.live\.com/\S+",
    r"[\w\-]+\.slack\.com/(?:archives|files|messages|team|app_redirect|canvas)/\S+",
    r"app\.slack\.com/client/\S+",
    r"[\w\-]+\.(?:my\.)?(?:lightning\.force|salesforce|visualforce)\.com\S*",
    r"[\w\-]+\.service-now\.com\S*",
    r"[\w\-]+\.zendesk\.com/agent/\S+",
    r"[\w\-]+\.freshdesk\.com/a/\S+",
    r"app\.hubspot\.com/\S+",
    r"linear\.app/[\w\-]+/(?:issue|project)/\S+",
    r"[\w\-]+\.grafana\.net/\S+",
    r"[\w\-]+\.kb\.[\w\-.]+\.(?:found|elastic-cloud)\.(?:io|com)\S*",
    r"app\.datadoghq\.(?:com|eu)/\S+",
    r"(?:[\w\-]+\.)?pagerduty\.com/(?:incidents|services)/\S+",
    r"[\w\-]+\.sentry\.io/(?:issues|organizations)\S*",
    r"console\.(?:aws\.amazon|cloud\.google)\.com/\S+",
    r"portal\.azure\.com/\S+",
    r"(?:[\w\-]+\.)?visualstudio\.com/\S+",
    r"dev\.azure\.com/\S+",
    r"app\.powerbi\.com/\S+",
    r"[\w\-]+\.(?:workday|myworkday|bamboohr|personio|zucchetti|successfactors)\.(?:com|de|it)/\S+",
    r"chat\.google\.com/(?:room|dm)/\S+",
)
# ... or may be open to whoever has the link.
_SHARED = (
    r"(?:[\w\-]+\.)?sharepoint\.com/\S+",
    r"(?:[\w\-]+-my\.)?sharepoint\.com\S*",
    r"1drv\.ms/\S+",
    r"onedrive\.live\.com/\S+",
    r"(?:drive|docs|sheets|slides|script)\.google\.com/(?!forms/)(?:a/|drive|file|document|spreadsheets|presentation|"
    r"open|folders|drawings|macros)\S*",
    r"(?:www\.)?dropbox\.com/(?:s|scl|sh|home|work|paper|t|transfer)\S*",
    r"paper\.dropbox\.com/\S+",
    r"(?:[\w\-]+\.)?box\.com/(?:s|file|folder|v)/\S+",
    r"(?:app\.)?wetransfer\.com/downloads/\S+",
    r"we\.tl/\S+",
    r"(?:www\.)?notion\.so/\S+",
    r"[\w\-]+\.notion\.site/\S+",
    r"trello\.com/(?:c|b|w)/\S+",
    r"(?:www\.)?figma\.com/(?:file|design|proto|board|slides|deck)/\S+",
    r"miro\.com/(?:app/)?board\S*",
    r"(?:app\.)?mural\.co/\S+",
    r"(?:[\w\-]+\.)?zoom\.us/(?:rec|recording|j|my|s)/\S+",
    r"(?:www\.)?loom\.com/share/\S+",
    r"meet\.google\.com/\S+",
    r"[\w\-]+\.webex\.com/(?:meet|recordingservice|[\w\-]+/j)\S*",
    r"(?:app\.)?asana\.com/0/\S+",
    r"[\w\-]+\.monday\.com/(?:boards|docs)/\S+",
    r"app\.clickup\.com/\S+",
    r"(?:[\w\-]+\.)?airtable\.com/(?:app|shr|tbl)\S+",
    r"(?:[\w\-]+\.)?lookerstudio\.google\.com/\S+",
    r"(?:[\w\-]+\.)?quip\.com/\w{8,}\S*",
    r"coda\.io/d/\S+",
)
_WORKPLACE, _DOCUMENT = (
    regex.compile("|".join(f"(?:{form})" for form in forms), regex.I) for forms in (_WORKPLACES, _SHARED)
)
_TAIL = ".,;:!?)]}»”’\"'*_"
_COMMON_WORDS = """
    example com net org it eu uk io co app dev info biz edu gov me tv ai fr de es ch at us ly be
"""
_COMMON = frozenset(_COMMON_WORDS.split())
Usual = Literal["inside", "shared"]


class InternalLink(Guarding):
    finds: ClassVar[str] = "links that only people inside can open: intranet, shared documents, tickets, servers"

    detector: Literal["internal_link"]
    hosts: tuple[Host, ...] = ()
    """The company's own hosts that are not for everybody; `*.acme.it` means every host below that name."""
    public: tuple[Host, ...] = ()
    """Hosts that everybody may see although they look like the company's own."""
    usual: tuple[Usual, ...] = ("inside", "shared")
    """What is looked for besides: `inside` (local names and addresses, companies' tools), `shared` (documents,
    boards and recordings on well-known services)."""

    def find(self, subject: Subject) -> Iterator[Hit]:
        plain = subject.folded.plain
        righted = subject.righted
        spans = [plain.span(*place) for place in self._places(plain.text)]
        further = [righted.span(*place) for place in self._places(righted.text)] if righted is not plain else []
        # Lines that were joined make one link of two.
        spans += [one for one in further if "\n" not in one.of(subject.text) or not any(map(one.overlaps, spans))]
        for span in outermost(spans):
            yield Hit(span, hides=self.hides or "LINK")

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        if "inside" in self.usual:
            yield from (_trimmed(text, *match.span()) for match in _SHARE.finditer(text))
        for match in _URL.finditer(text):
            host = match["host"].lower()
            if "." not in host and not match["scheme"] and not match["port"] and host != "localhost":
                continue
            start, end = _trimmed(text, *match.span())
            if not self._matches(host, self.public) and (
                self._matches(host, self.hosts) or self._is_inside(match, host)
            ):
                yield start, end

    def _is_inside(self, match: regex.Match[str], host: str) -> bool:
        address = f"{host}{match['path'] or ''}"
        if "shared" in self.usual and _DOCUMENT.match(address):
            return True
        if "inside" not in self.usual:
            return False
        if _WORKPLACE.match(address):
            return True
        linked = bool(match["scheme"] or match["path"] or match["port"])
        if host == "localhost":
            return linked
        if (private := _is_private(host)) is not None:
            return private and linked
        if _INSIDE.search(host):
            # `Buy.Eat.Local` is a slogan.
            named = "intranet" in host or any(c in "-0123456789" for c in host)
            return linked or ("." in host and match["host"].islower() and named)
        return (
            bool(_TOOL.match(host))
            and not _OPEN.search(host)
            and host.count(".") >= 2
            and host.rpartition(".")[2] in _COMMON
            and bool(match["path"] or match["scheme"] or match["port"])
        )

    @staticmethod
    def _matches(host: str, names: tuple[str, ...]) -> bool:
        return any(host.endswith(name[1:]) if name.startswith("*.") else host == name for name in names)


def _is_private(host: str) -> bool | None:
    """Whether an address is one of a private network; None where it is no address."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return address.is_private


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while end > start + 1 and text[end - 1] in _TAIL:
        end -= 1
    return start, end
