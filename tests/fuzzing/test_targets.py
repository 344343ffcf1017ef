"""A few inputs of each target, always the same ones; the long run is `python -m fuzzing`."""

from __future__ import annotations

import pytest
from fuzzing.every import PLACES, target
from hypothesis import HealthCheck, given, settings


@pytest.mark.parametrize("name", PLACES)
def test_what_comes_from_outside_does_no_harm(name: str) -> None:
    found = target(name)
    with found.opened() as check:

        @settings(
            max_examples=found.few,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(found.inputs)
        def tried(value: object) -> None:
            check(value)

        tried()
