"""What is summed up of an arm, by hand."""

import math

import pytest
from made_results import result

from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.summary import profiles, summary

PLAN = Plan((Arm("sgd", "sgd"), Arm("clip", "magnitude_clip")), target=0.8)
DONE = result(0.9, validation=[0.7, 0.85, 0.83], train=0.95)


def test_values_of_a_training():
    found = summary(PLAN, [DONE])
    assert found.final.mean == pytest.approx(0.9)
    assert found.best.mean == pytest.approx(0.89)  # after the second epoch of three
    assert found.gap.mean == pytest.approx(0.05)
    assert (found.reached.steps, found.reached.seconds) == ([20], [4.0])
    assert found.final.count == 1 and math.isnan(found.final.deviation)


def test_misses_divergences_and_failures_are_counted():
    results = [
        DONE, result(0.9, validation=[0.8]), result(0.7, validation=[0.7]),
        result(0.9, validation=[0.9], status="diverged"),
        result(0.9, validation=[0.9], status="failed"),
    ]  # fmt: skip
    found = summary(PLAN, results)
    assert (found.trainings, found.diverged, found.failed) == (5, 1, 1)
    assert found.reached.steps == [20, 10, None, None, None]
    assert found.reached.missed == 3 and found.reached.median_steps == math.inf
    assert found.final.count == 4
    assert found.final.mean == pytest.approx((0.9 + 0.9 + 0.7 + 0.1) / 4)
    low, high = found.divergence(0.95)
    assert low < 1 / 4 < high


def test_nothing_is_known_of_an_arm_that_always_failed():
    found = summary(PLAN, [result(0.9, status="failed")] * 3)
    assert math.isnan(found.final.mean) and found.final.count == 0
    assert all(map(math.isnan, found.divergence(0.95)))
    assert found.reached.missed == 3


def test_profiles_by_hand():
    """Four problems: the second arm is twice as slow, a miss each, and one that both miss."""
    steps = {"a": [10, 20, None, None], "b": [20, None, 30, None]}
    assert profiles(steps, [1, 1.9, 2]) == {"a": [0.5, 0.5, 0.5], "b": [0.25, 0.25, 0.5]}
