"""The company's voice: what the packs find of tone, replies and disclosure, and what they wrongly flag.

    .venv/bin/python bench/tone.py [--part dev|kept|fresh] [--misses] [--ordinary] [--rewrites]

The gold posts and replies (`data/voice.jsonl`) were written by hands that had not seen the rules; a third was kept
apart (`kept`). `fresh` was written later by yet other hands, kept apart whole, and scored once. Found means: some rule
of the pack speaks up, a note included. `--ordinary`: all packs on 500 ordinary posts of companies and their people, at
warn or above. `--rewrites`: of the drafts whose only faults are tone, identifiers or a missing label, how many are
offered another wording. Intervals are 95 % (Wilson).
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from intervals import wilson

from rules.assembly import load_policy
from rules.draft import Account, Channel, Draft, Kind
from rules.judges import Judges
from rules.rewriting import rewrite
from rules.screening import Screener
from rules.verdict import Finding, Severity, Verdict

ROOT = Path(__file__).parents[1]
LANGUAGES = ("it", "en")
PACKS = {"tone": ("tone",), "replies": ("reply",), "disclosure": ("disclosure",)}
_NUMBER = re.compile(r"\d+")
NOT_A_FAULT = ("disclosure.protected-speech", "disclosure.views-my-own")


@dataclass(frozen=True, slots=True)
class Gold:
    set: str
    draft: Draft
    labels: tuple[str, ...]
    hard: str


def gold(part: str) -> Iterator[Gold]:
    for line in (ROOT / "bench/data/voice.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] != part:
            continue
        draft = Draft(
            text=row["text"], kind=Kind(row["kind"]), account=Account(row["account"]), channel=Channel(row["channel"]),
            in_reply_to=row.get("asked"), language=row["lang"],
        )  # fmt: skip
        yield Gold(row["set"], draft, tuple(row["labels"]), row.get("hard", ""))


def spoken_up(verdict: Verdict, packs: Sequence[str], least: Severity = Severity.NOTE) -> list[Finding]:
    return [
        finding
        for finding in verdict.findings
        if finding.rule.partition(".")[0] in packs
        and finding.rule not in NOT_A_FAULT
        and finding.severity.rank >= least.rank
    ]


def share(hits: int, count: int) -> str:
    low, high = wilson(hits, count)
    return f"{hits:4d} of {count:4d}  {hits / max(1, count):.2f} [{low:.2f} {high:.2f}]"


def table(screener: Screener, some: Sequence[Gold], *, misses: bool) -> None:
    for name, packs in PACKS.items():
        for least in (Severity.NOTE, Severity.WARN):
            print(f"\n{name}, {least} and above")
            for language in LANGUAGES:
                mine = [one for one in some if one.set == name and one.draft.language == language]
                _line(screener, mine, packs, least, language, misses=misses and least is Severity.NOTE)


def _line(
    screener: Screener, mine: Sequence[Gold], packs: Sequence[str], least: Severity, language: str, *, misses: bool
) -> None:
    found, kinds, loud = Counter[bool](), defaultdict[str, list[bool]](list), 0
    for one in mine:
        said = spoken_up(_verdict(screener, one), packs, least)
        if one.labels:
            found[bool(said)] += 1
            for label in one.labels:
                kinds[label].append(bool(said))
        else:
            loud += bool(said)
        if misses and bool(said) != bool(one.labels):
            what = "missed" if one.labels else f"wrong ({', '.join(sorted({f.rule for f in said}))})"
            print(f"    {what} {','.join(one.labels) or one.hard}: {one.draft.text[:300]}")
            if one.draft.in_reply_to:
                print(f"        >> {one.draft.in_reply_to[:160]}")
    fine = sum(not one.labels for one in mine)
    precise = found[True] / max(1, found[True] + loud)
    print(
        f"  {language}  recall {share(found[True], found.total())}   fine flagged {share(loud, fine)}   P {precise:.2f}"
    )
    print("      " + "  ".join(f"{label} {sum(hits)}/{len(hits)}" for label, hits in sorted(kinds.items())))


_seen: dict[tuple[str, str | None], Verdict] = {}


def _verdict(screener: Screener, one: Gold) -> Verdict:
    key = (one.draft.text, one.draft.in_reply_to)
    if key not in _seen:
        _seen[key] = screener.screen(one.draft)
    return _seen[key]


def ordinary(screener: Screener, some: Iterable[Gold]) -> None:
    print("\n500 ordinary posts, all packs")
    for language in LANGUAGES:
        mine = [one for one in some if one.set == "ordinary" and one.draft.language == language]
        worst = [max((found.severity.rank for found in _verdict(screener, one).findings), default=-1) for one in mine]
        for least in (Severity.WARN, Severity.REVIEW, Severity.NOTE):
            print(f"  {language}  {least} and above  {share(sum(rank >= least.rank for rank in worst), len(mine))}")


def rewrites(screener: Screener, some: Sequence[Gold]) -> None:
    """Of posts with a fault of tone or disclosure for which something is found; what is lost is counted apart."""
    offered, better, lossy, count = 0, 0, 0, 0
    for one in some:
        verdict = _verdict(screener, one)
        if one.set not in ("tone", "disclosure") or not one.labels or not verdict.findings:
            continue
        count += 1
        if (other := rewrite(one.draft, verdict, screener)) is not None:
            offered += 1
            better += len(other.verdict.findings) < len(verdict.findings)
            lossy += bool(_numbers_kept(one.draft.text, verdict) - Counter(_NUMBER.findall(other.text)))
    print(f"\nrewrites offered {share(offered, count)}, screened better {better}, with a number lost {lossy}")


def _numbers_kept(text: str, verdict: Verdict) -> Counter[str]:
    """The numbers of a text but for those that must not leave."""
    hidden = [finding.span for finding in verdict.findings if finding.hides]
    return Counter(m[0] for m in _NUMBER.finditer(text) if not any(s.start <= m.start() < s.end for s in hidden))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("dev", "kept", "fresh"), default="dev")
    parser.add_argument("--misses", action="store_true", help="print what is missed and what is wrong (on dev alone)")
    parser.add_argument("--ordinary", action="store_true")
    parser.add_argument("--rewrites", action="store_true")
    parser.add_argument("--policy", type=Path, default=ROOT / "policies/company.yaml")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    asked = parser.parse_args()
    screener = Screener(load_policy(asked.policy), Judges(asked.models), patience=60)
    screener.load()
    some = list(gold(asked.part))
    show = asked.misses and asked.part == "dev"
    table(screener, some, misses=show)
    if asked.ordinary:
        ordinary(screener, list(gold("kept")))
    if asked.rewrites:
        rewrites(screener, some)


if __name__ == "__main__":
    main()
