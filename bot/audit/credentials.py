"""Passwords in addresses of git's: handed over so that no argument, no file and no log holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from bot.wording.saying import Saying, saying

_USER: Final = "CHECKPOINTS_USER_{number}"
_PASSWORD: Final = "CHECKPOINTS_PASSWORD_{number}"  # noqa: S105 -- the name of a variable
_HELPER: Final = (
    f'!f() {{{{ test "$1" = get && printf \'username=%s\\npassword=%s\\n\' "${_USER}" "${_PASSWORD}"; }}}}; f'
)
"""What git runs for a password, as it runs a helper: the shell's own `printf`, and nothing but names in its text."""


@dataclass(frozen=True, slots=True)
class Login:
    """What an address of https says of who calls; `address` is the same without it, which anybody may see."""

    written: str = field(repr=False)
    address: str
    host: str
    """As git's settings name it: `https://host:port`."""
    user: str = field(repr=False)
    password: str | None = field(repr=False)


def login_in(address: str) -> Login | None:
    """None where an address of https says nothing of who calls, or where it is none."""
    userinfo = _userinfo(address)
    if userinfo is None or not address.startswith("https://"):
        return None
    user, colon, password = userinfo.partition(":")
    rest = address.removeprefix("https://")[len(userinfo) + 1 :]
    host = rest.partition("/")[0]
    return Login(
        address, f"https://{rest}", f"https://{host}", unquote(user), unquote(password) if colon else None,
    )  # fmt: skip


def refused(address: str, number: int) -> Saying | None:
    """What is wrong with the password in an address, for whoever set it and without the address; None: nothing.

    `number`: of the place in the setting.
    """
    userinfo = _userinfo(address)
    if userinfo is None:
        return None
    if any(ord(letter) < 32 for letter in unquote(userinfo)):
        return saying(
            "place {number} has a line break or the like in its password, which git cannot be told: have another one "
            "issued.",
            number=number,
        )
    if ":" in userinfo and not address.startswith("https://"):
        return saying(
            "place {number} has a password in an address that is none of https, and every user of this machine could "
            "read it there: give Vaglio's user a key, and write git:ssh://git@host/evidence.git.",
            number=number,
        )
    return None


def handed_over(logins: Sequence[Login], environment: Mapping[str, str]) -> Mapping[str, str]:
    """`environment` with what git is to know of them: only its own user can read there.

    A helper answers for the one host, and for it alone; nor are others asked for that host, which would keep it.
    """
    said, apart = list[tuple[str, str]](), dict[str, str]()
    for number, login in enumerate(logins):
        said += _said(login, number)
        if login.password is not None:
            apart[_USER.format(number=number)] = login.user
            apart[_PASSWORD.format(number=number)] = login.password
    before = environment.get("GIT_CONFIG_COUNT", "")
    first = int(before) if before.isdecimal() else 0
    for number, (name, value) in enumerate(said, first):
        apart |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return {**environment, **apart, "GIT_CONFIG_COUNT": str(first + len(said))} if said else environment


def _said(login: Login, number: int) -> Iterator[tuple[str, str]]:
    # Where a clone's own settings still hold the password, git's programs are told the address without it.
    yield f"url.{login.address}.insteadOf", login.written
    if login.password is None:
        yield f"credential.{login.host}.username", login.user
        return
    yield f"credential.{login.host}.helper", ""
    yield f"credential.{login.host}.helper", _HELPER.format(number=number)


def _userinfo(address: str) -> str | None:
    """What stands before the host; None where nothing does, or where it is no address with a scheme."""
    if "://" not in address:
        return None
    try:
        userinfo, at, _ = urlsplit(address).netloc.rpartition("@")
    except ValueError:
        return None
    return userinfo if at else None
