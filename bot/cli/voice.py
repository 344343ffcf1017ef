"""`vaglio policy voice`: how well a rule that learned from examples tells them apart, each judged by the others."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.build import open_judges, terminal, tongue
from bot.cli.exits import EXIT_POLICY, EXIT_USAGE
from bot.settings import read_settings
from bot.wording import Wording
from rules.assembly import load_policy
from rules.detectors.topic import LeftOut, TopicRule
from rules.unavailable import Unavailable

_Z = 1.96
"""For intervals of 95 %."""


def voice(
    rule: Annotated[str, typer.Argument(help="The id of a rule of detector `topic`.")],
    file: Annotated[Path | None, typer.Option("--policy", help="The policy; VAGLIO_POLICY by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> int:
    """Say how well a rule tells its own examples apart, each by what it would have learned from the others."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    wanted = load_policy(file or settings.policy).rule(rule)
    if wanted is None:
        return _refused(wording.say("There is no rule {rule} in this policy.", rule=rule), EXIT_USAGE)
    if not isinstance(wanted, TopicRule):
        said = wording.say("{rule} does not learn from examples: only rules of detector `topic` do.", rule=rule)
        return _refused(said, EXIT_USAGE)
    try:
        found = wanted.left_out(open_judges(settings))
    except Unavailable as error:
        said = wording.say("{rule}: it cannot be tried here: {reason}", rule=rule, reason=error.reason)
        return _refused(said, EXIT_POLICY)
    if as_json:
        sys.stdout.write(json.dumps(_told(wanted, found), ensure_ascii=False) + "\n")
    else:
        _print(wanted, found, wording)
    return 0


def interval(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval (Wilson) of `right` out of `count`, from 0 to 1."""
    if not count:
        return 0.0, 1.0
    share = right / count
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def _refused(sentence: str, code: int) -> int:
    sys.stderr.write(sentence + "\n")
    return code


def _told(rule: TopicRule, found: tuple[LeftOut, ...]) -> dict[str, object]:
    right = sum(each.is_right for each in found)
    low, high = interval(right, len(found))
    examples = [
        {"text": each.text, "side": "like" if each.is_like else "unlike", "score": each.score, "right": each.is_right}
        for each in found
    ]
    counted = {"right": right, "count": len(found), "share": round(right / len(found), 3)}
    return {
        "rule": rule.id, "threshold": rule.threshold, **counted, "interval": [round(low, 3), round(high, 3)],
        "examples": examples,
    }  # fmt: skip


def _print(rule: TopicRule, found: tuple[LeftOut, ...], wording: Wording) -> None:
    out = terminal()
    right = sum(each.is_right for each in found)
    low, high = interval(right, len(found))
    said = wording.say(
        "{rule} tells {right} of its {count} examples right: {share} % (95 % interval: {low} to {high} %).",
        rule=rule.id, right=right, count=len(found), share=f"{100 * right / len(found):.0f}",
        low=f"{100 * low:.0f}", high=f"{100 * high:.0f}",
    )  # fmt: skip
    out.print(said)
    out.print(
        wording.say("Each was judged by what the others teach; it counts from {threshold}.", threshold=rule.threshold)
    )
    out.print(wording.say("Like, to be found:"))
    _print_each(tuple(each for each in found if each.is_like))
    if rule.unlike:
        out.print(wording.say("Unlike, to let pass:"))
        _print_each(tuple(each for each in found if not each.is_like))


def _print_each(examples: tuple[LeftOut, ...]) -> None:
    """The worst first: those are what to look at."""
    for each in sorted(examples, key=lambda each: each.score, reverse=not examples[0].is_like):
        mark = "✓" if each.is_right else "✗"
        terminal().print(f"  {mark} {each.score:.2f}  {each.text}")
