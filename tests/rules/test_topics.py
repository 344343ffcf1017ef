"""Topics learned from examples, and how well they tell their own examples apart."""

from __future__ import annotations

import numpy as np
import pytest

from rules.e5 import Floats
from rules.topics import Background, Topic, left_out

WIDTH = 8


def unit(rows: Floats) -> Floats:
    found: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


@pytest.fixture
def dice() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def background(dice: np.random.Generator) -> Background:
    middle = np.zeros((2, 2, WIDTH // 2), np.float32)
    return Background("none", middle, unit(dice.normal(size=(200, WIDTH)).astype(np.float32)))


def near(direction: int, count: int, dice: np.random.Generator) -> Floats:
    rows = 0.1 * dice.normal(size=(count, WIDTH))
    rows[:, direction] += 1
    return unit(rows.astype(np.float32))


def test_each_is_scored_by_what_the_others_teach(background: Background, dice: np.random.Generator) -> None:
    like, unlike = near(0, 5, dice), near(1, 4, dice)
    of_like, of_unlike = left_out(like, unlike, background)
    assert of_like[2] == pytest.approx(Topic(like[[0, 1, 3, 4]], unlike, background).scores(like[[2]])[0])
    assert of_unlike[3] == pytest.approx(Topic(like, unlike[:3], background).scores(unlike[[3]])[0])


def test_what_belongs_together_is_told_apart(background: Background, dice: np.random.Generator) -> None:
    of_like, of_unlike = left_out(near(0, 10, dice), near(1, 10, dice), background)
    assert of_like.min() > 0.5 > of_unlike.max()


def test_an_example_that_has_nothing_in_common_with_the_others_does_not_vouch_for_itself(
    background: Background, dice: np.random.Generator
) -> None:
    like = np.concatenate([near(0, 6, dice), near(3, 1, dice)])
    of_like, _ = left_out(like, near(1, 6, dice), background)
    assert of_like[-1] < 0.5 < of_like[:-1].min()


def test_without_unlike_only_like_is_scored(background: Background, dice: np.random.Generator) -> None:
    of_like, of_unlike = left_out(near(0, 4, dice), np.empty((0, WIDTH), np.float32), background)
    assert of_like.shape == (4,)
    assert of_unlike.shape == (0,)
