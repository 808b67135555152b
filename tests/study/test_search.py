"""The grid of rates: the best one, extended where it lies at the end."""

import math

import pytest

from tfx_updaters.components.study.search import Found, search
from tfx_updaters.components.study.tuning import Tuning


def peak(at):
    return lambda place: [-abs(place - at) - 0.5, -abs(place - at) + 0.5]


@pytest.mark.parametrize(
    ("at", "tried", "at_end"),
    [(0, range(-2, 3), False), (-1, range(-2, 3), False), (2, range(-2, 4), False),
     (4, range(-2, 6), False), (9, range(-2, 6), True), (-9, range(-5, 3), True)],
    ids=["own", "inside", "end", "beyond", "far above", "far below"],
)  # fmt: skip
def test_the_grid_grows_while_the_best_rate_is_at_its_end(at, tried, at_end):
    found = search(Tuning(), peak(at), higher_is_better=True)
    assert sorted(found.scores) == list(tried)
    assert found.at_end is at_end
    assert found.place == (at if not at_end else max(tried, key=lambda place: -abs(place - at)))
    assert found.extensions == len(tried) - 5


def test_a_low_value_can_be_the_best():
    found = search(Tuning(), lambda place: [abs(place - 1)], higher_is_better=False)
    assert found.place == 1 and found.scores[1] == 0


def test_a_rate_that_diverges_with_one_seed_is_not_chosen():
    found = search(
        Tuning(extensions=0), lambda place: [1.0, math.nan] if place == 1 else [-place, 0.1],
        higher_is_better=True,
    )  # fmt: skip
    assert found.place == -2 and math.isnan(found.scores[1])


def test_an_arm_that_always_diverges_keeps_its_own_rate():
    found = search(Tuning(), lambda place: [math.nan], higher_is_better=True)
    assert found.place == 0 and not found.at_end and found.extensions == 0


def test_a_rate_whose_neighbour_diverges_is_beside_the_end_of_what_trains():
    found = search(
        Tuning(), lambda place: [place if place < 2 else math.nan], higher_is_better=True
    )  # fmt: skip
    assert found.place == 1 and math.isnan(found.sensitivity)


def test_sensitivity_is_the_worse_step_beside_the_best():
    scores = {-2: 0.1, -1: 0.7, 0: 0.9, 1: 0.85, 2: 0.2}
    found = search(Tuning(), lambda place: [scores[place]], higher_is_better=True)
    assert found.sensitivity == pytest.approx(0.2)


def test_without_a_grid_nothing_is_known_of_the_sensitivity():
    assert math.isnan(Found(0, {}).sensitivity)
