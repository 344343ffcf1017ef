"""Secrets in files of their own, as containers and systemd hand them over: `VAGLIO_..._FILE` names the file."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from bot.wording.refusals import reason
from bot.wording.saying import WrongValueError, saying

FILE = "_FILE"
_MOST = 10_000
"""Bytes of a secret: whoever names a disk by mistake hears of it, and does not wait for it."""


def read_secret_files(written: Mapping[str, str | None], secrets: Collection[str]) -> dict[str, str]:
    """By its name in the environment, each of `secrets` that lies in a file. `written` is all that is set.

    Raises `WrongValueError`, which names setting, file and remedy and never what stands in it.
    """
    found = {}
    for name, file in _named(written, secrets):
        if (written.get(name) or "").strip():
            raise WrongValueError(
                saying("{name} and {other} are both set: keep one of them.", name=name, other=f"{name}{FILE}")
            )
        found[name] = _secret_in(f"{name}{FILE}", file)
    return found


def exposed(written: Mapping[str, str | None], secrets: Collection[str], keys: Path) -> list[Path]:
    """The files with a secret that every user of this machine can read: secrets, `.env` where it has one, keys."""
    files = [file for _, file in _named(written, secrets)]
    env = Path(".env")
    if any((written.get(name) or "").strip() for name in secrets) and env.is_file():
        files.append(env)
    # Whoever may go into a folder, and knows what lies there, need not be able to list it.
    if keys.is_dir() and _is_open(keys, stat.S_IXOTH):
        files += sorted(file for file in keys.iterdir() if file.is_file() and not file.name.startswith("."))
    return [file for file in files if _is_open(file)]


def _named(written: Mapping[str, str | None], secrets: Collection[str]) -> Iterator[tuple[str, Path]]:
    for name in sorted(secrets):
        if file := (written.get(f"{name}{FILE}") or "").strip():
            yield name, Path(file)


def _secret_in(name: str, file: Path) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MOST + 1)
    except (OSError, ValueError) as error:
        raise WrongValueError(
            saying(
                "{name}: {file} cannot be read ({reason}): let Vaglio's user read it, or name another file.",
                name=name, file=file, reason=reason(error),
            )
        ) from None  # fmt: skip
    try:
        secret = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        said = saying(
            "{name}: {file} is not UTF-8: write the secret alone into it, as text.", name=name, file=file
        )  # fmt: skip
        raise WrongValueError(said) from None
    if not secret:
        raise WrongValueError(
            saying("{name}: {file} is empty: write the secret into it, or leave the setting out.", name=name, file=file)
        )
    if len(raw) > _MOST or not secret.isprintable():
        raise WrongValueError(
            saying("{name}: {file} holds more than one line: write the secret alone into it.", name=name, file=file)
        )
    return secret


def _is_open(file: Path, to: int = stat.S_IROTH) -> bool:
    try:
        return bool(file.stat().st_mode & to)
    except OSError:
        return False
