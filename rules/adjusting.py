"""What an adjustment makes of the rule that it changes, where that is no rule any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from rules.coherence import Loaded, Whole
from rules.explaining import explained
from rules.problems import Problem


def misadjusted(loaded: Sequence[Loaded], whole: Whole) -> Iterator[Problem]:
    """Told at the adjustment, in the words in which the same would be told of a rule written out.

    Each is tried alone on the rule as its own file has it, so that no fault is told once more of those that follow.
    """
    for each in loaded:
        for number, adjustment in enumerate(each.file.adjust):
            rule = whole.rules.get(adjustment.rule)
            if rule is None:
                continue
            try:
                # The values were read with the adjustment: what is left to see is how they stand to the rule's others.
                type(rule).model_validate(adjustment.of(rule))
            except ValidationError as error:
                yield from explained(each.source, error, within=("adjust", number))
