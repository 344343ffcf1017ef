"""What is agreed with the company's own sign-in (OpenID Connect): who it is, who we are to it, whom it may let in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.wording.saying import Saying, WrongValueError, saying

CALLBACK: Final = "/sign-in/callback"
"""Where the provider sends people back to, on the console."""
SLACK: Final = "https://slack.com"
_HERE = ("localhost", "127.0.0.1", "::1")
_TEAM = re.compile(r"[TE][A-Z0-9]{2,}", re.ASCII)
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Terms:
    """One provider. Nobody gets in who is neither of one of these teams nor has an address at one of these domains."""

    issuer: str
    client_id: str
    client_secret: SecretStr
    console: str
    """The console's address, as browsers reach it: without a path or a final slash."""
    teams: frozenset[str] = frozenset()
    """Of Slack."""
    domains: frozenset[str] = frozenset()
    """Of e-mail addresses, in small letters."""
    is_slack: bool = field(default=False)
    """Whether what it says of Slack's teams and members is to be believed: of Slack alone."""

    @property
    def callback(self) -> str:
        return self.console + CALLBACK

    @property
    def name(self) -> str:
        """As people know it."""
        return "Slack" if self.is_slack else urlsplit(self.issuer).hostname or self.issuer


def read_terms(
    issuer: str | None, client_id: str | None, secret: SecretStr | None, allowed: str, console: str | None, prefix: str
) -> Terms | None:
    """None: nothing of it is set. `prefix` stands before the settings' names.

    Raises `WrongValueError` naming the setting that is missing or wrong, and never a value.
    """
    given: Mapping[str, object] = {
        "OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": client_id, "OIDC_CLIENT_SECRET": secret, "OIDC_ALLOWED": allowed,
    }  # fmt: skip
    if console:
        console = _address(console, f"{prefix}CONSOLE_URL")
    if not any(given.values()):
        return None
    if missing := [prefix + name for name, value in {**given, "CONSOLE_URL": console}.items() if not value]:
        raise WrongValueError(_missing(missing))
    issuer = _address(issuer or "", f"{prefix}OIDC_ISSUER", has_path=True)
    teams, domains = _allowed(allowed, f"{prefix}OIDC_ALLOWED")
    is_slack = issuer == SLACK
    if teams and not (is_slack or domains):
        raise WrongValueError(
            saying(
                "{allowed} names teams of Slack alone, and {issuer} is not {slack}: nobody would get in. Name the "
                "domain of your e-mail addresses.",
                allowed=f"{prefix}OIDC_ALLOWED", issuer=f"{prefix}OIDC_ISSUER", slack=SLACK,
            )
        )  # fmt: skip
    return Terms(
        issuer, client_id or "", secret or SecretStr(""), console or "", frozenset(teams), frozenset(domains), is_slack
    )


def _missing(names: Sequence[str]) -> Saying:
    named = ", ".join(names)
    if len(names) == 1:
        return saying("Signing in by OpenID Connect: {names} is missing (docs/people.md tells how).", names=named)
    return saying("Signing in by OpenID Connect: {names} are missing (docs/people.md tells how).", names=named)


def is_safe(address: str) -> bool:
    """Whether what is sent there can be read by nobody on the way: by HTTPS, or on this very machine."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
        )
    except ValueError:
        return False


def _address(written: str, name: str, *, has_path: bool = False) -> str:
    address = written.strip().rstrip("/")
    hint = "https://slack.com" if has_path else "https://vaglio.acme.example"
    parts = urlsplit(address) if is_safe(address) else None
    if parts is None or parts.query or parts.fragment or parts.username or (parts.path and not has_path):
        said = saying(
            "{name}: write an address such as {example}; plain http only for this machine itself.",
            name=name, example=hint,
        )  # fmt: skip
        raise WrongValueError(said)
    return address


def _allowed(written: str, name: str) -> tuple[set[str], set[str]]:
    teams, domains = set[str](), set[str]()
    for word in filter(None, (each.strip() for each in written.split(","))):
        domain = word.removeprefix("@").lower()
        if _TEAM.fullmatch(word):
            teams.add(word)
        elif _DOMAIN.fullmatch(domain):
            domains.add(domain)
        else:
            raise WrongValueError(
                saying(
                    "{name}: write Slack's team IDs (T0123) or domains of e-mail addresses (acme.example), with commas "
                    "between.",
                    name=name,
                )
            )
    return teams, domains
