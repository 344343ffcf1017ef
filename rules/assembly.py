"""From the files of a policy to the policy: includes, lists, adjustments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import regex
from pydantic import ValidationError

from rules.adjusting import misadjusted
from rules.coherence import Loaded, Whole, incoherent
from rules.detectors import DETECTORS, Rule
from rules.explaining import explained
from rules.policy import Policy, PolicyFile
from rules.problems import Place, PolicyError, Problem
from rules.source import Source, plain, read_source, read_text

SHIPPED = Path(__file__).resolve().parent.parent / "policies"
"""The policies and packs that come with Vaglio; an include that is not beside its file is sought here."""

_MAX_DEPTH = 10
"""Files that may include one another in a row."""

_TOLD = 1_000
"""Faults of a file that are told."""

# `C#` and `#adv` are terms; a comment has white space or nothing on both sides of its sign.
_COMMENT = regex.compile(r"(?:^|\s)#(?:[\s!].*)?$")


def load_policy(path: Path, shipped: Path = SHIPPED) -> Policy:
    """The policy at `path` with all that it includes. Raises `PolicyError` with every fault found.

    `shipped` is where an include is sought that is not beside its file.
    """
    problems: list[Problem] = []
    loaded = list(_Reader(problems, shipped).read(path))
    if not problems:
        whole = Whole.of(loaded)
        problems += _first(chain(incoherent(loaded, whole), misadjusted(loaded, whole)))
    if problems:
        raise PolicyError(problems)
    top = loaded[-1].file
    return Policy(
        name=top.name,
        languages=top.languages,
        timezone=top.timezone,
        company=whole.company,
        holidays=whole.holidays,
        duty=whole.duty,
        appeals=whole.appeals,
        record=whole.record,
        owners=tuple(whole.owners.values()),
        clauses=tuple(whole.clauses.values()),
        rules=tuple(rule for id in whole.rules if (rule := _adjusted(id, whole)) and _is_spoken(rule, top.languages)),
    )


def files_of(path: Path) -> tuple[Path, ...]:
    """Every file that the policy at `path` reads, that one first; each lies below its folder or below `SHIPPED`.

    Raises `PolicyError` if one of them cannot be read. Whether they make a policy together is not looked at.
    """
    problems: list[Problem] = []
    reader = _Reader(problems, SHIPPED)
    for _ in reader.read(path):
        pass
    if problems:
        raise PolicyError(problems)
    return tuple(dict.fromkeys(reader.files))


def _first(found: Iterator[Problem]) -> list[Problem]:
    """Nobody reads more at once; what is left out is said."""
    problems = list(islice(found, _TOLD + 1))
    if len(problems) > _TOLD:
        problems[-1] = Problem(problems[-1].place, "more_faults", {"count": str(_TOLD)})
    return problems


def _adjusted(id: str, whole: Whole) -> Rule:
    return whole.final(id).naming(whole.company)


def _is_spoken(rule: Rule, languages: Sequence[str]) -> bool:
    """A pack may have rules for languages in which this company does not write."""
    return not rule.applies.languages or not set(rule.applies.languages).isdisjoint(languages)


class _Reader:
    """Reads a file and what it includes, each file once."""

    def __init__(self, problems: list[Problem], shipped: Path) -> None:
        self.files: list[Path] = []
        """What was read, as it was named; lists too."""
        self._problems, self._shipped = problems, shipped
        self._read: set[Path] = set()

    def read(self, path: Path, chain: tuple[Path, ...] = ()) -> Iterator[Loaded]:
        """Included files before the file that includes them."""
        try:
            here = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a link that leads to itself
            reason = (error.strerror if isinstance(error, OSError) else None) or "a link that leads nowhere"
            self._problems.append(Problem(Place(str(path), 1, 1, ""), "unreadable", {"reason": reason}))
            return
        self._read.add(here)
        self.files.append(path)
        try:
            source = read_source(path, _name(path))
        except PolicyError as error:
            self._problems += error.problems
            return
        data = plain(source.root)
        assert isinstance(data, dict)  # noqa: S101 -- read_source has seen to it
        self._problems += self._expand_lists(data, source)
        try:
            file = PolicyFile.model_validate(data)
        except ValidationError as error:
            self._problems += _first(explained(source, error))
            return
        for position, name in enumerate(file.include):
            place = source.place(("include", position))
            target = self._resolve(name, path.parent)
            if isinstance(target, str):
                self._problems.append(Problem(place, target))
            elif target.resolve() in (*chain, here):
                self._problems.append(Problem(place, "include_cycle"))
            elif len(chain) >= _MAX_DEPTH:
                self._problems.append(Problem(place, "too_deep", {"limit": str(_MAX_DEPTH)}))
            elif target.resolve() not in self._read:
                yield from self.read(target, (*chain, here))
        yield Loaded(source, file)

    def _resolve(self, name: str, folder: Path) -> Path | str:
        """The file that `name` means, or the code of what is wrong with it."""
        relative = Path(name)
        if relative.is_absolute() or ".." in relative.parts:
            return "outside"
        try:
            found = (base / relative for base in (folder, self._shipped))
            return next((file for file in found if file.is_file()), "no_file")
        except OSError:  # a name too long for any file
            return "no_file"

    def _expand_lists(self, data: dict[str, object], source: Source) -> Iterator[Problem]:
        """Reads each rule's `phrases_from` into its `phrases`."""
        rules = data.get("rules")
        for number, rule in enumerate(rules if isinstance(rules, list) else ()):
            if not isinstance(rule, dict) or "phrases_from" not in rule or not _takes_phrases(rule):
                continue
            names, phrases = rule.pop("phrases_from"), rule.setdefault("phrases", [])
            for position, name in enumerate(names if isinstance(names, list) else [names]):
                place = source.place(("rules", number, "phrases_from", position))
                if not isinstance(name, str):
                    yield Problem(place, "want_text")
                elif isinstance(target := self._resolve(name, source.path.parent), str):
                    yield Problem(place, target)
                elif isinstance(phrases, list):
                    self.files.append(target)
                    try:
                        phrases += _terms(read_text(target, _name(target)))
                    except PolicyError as error:
                        yield from error.problems


def _name(path: Path) -> str:
    """The path as its author knows it: from the current folder where that is possible."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (OSError, RuntimeError, ValueError):
        return str(path)


def _takes_phrases(rule: dict[str, object]) -> bool:
    detector = DETECTORS.get(str(rule.get("detector")))
    return detector is not None and "phrases" in detector.model_fields


def _terms(text: str) -> list[str]:
    return [term for line in text.splitlines() if (term := _COMMENT.sub("", line).strip())]
