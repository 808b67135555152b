"""The interval of few paired differences covers, and its p-value is right where arms are equal."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from tfx_updaters.components.study import holm
from tfx_updaters.components.study.paired import Paired
from tfx_updaters.components.study.power import smallest

TRIES = 500
# Below a share of 0.95, and above one of 0.05, by luck once in 1000 times.
COVERED = stats.binom.ppf(0.001, TRIES, 0.95) / TRIES
FOUND = stats.binom.ppf(0.999, TRIES, 0.05) / TRIES


def outliers(random, count):
    """Two equal arms that fail now and then: most differences are small, some are not."""
    arms = np.where(random.random((2, count)) < 0.15, -3.0, 0.0) + random.normal(size=(2, count))
    return arms[0] - arms[1]


DRAWN = {
    "normal": lambda random, count: random.normal(size=count),
    "heavy tails": lambda random, count: random.standard_t(3, size=count),
    "outliers": outliers,
    "accuracies of 100 examples": lambda random, count: np.subtract(
        *random.binomial(100, 0.95, (2, count))
    ),
}


@pytest.mark.parametrize("count", [6, 10, 20])
@pytest.mark.parametrize("drawn", DRAWN)
def test_equal_arms_differ_at_most_as_often_as_the_level_says(drawn, count):
    random = np.random.default_rng(0)
    p_values = [Paired(tuple(DRAWN[drawn](random, count))).p_value for _ in range(TRIES)]
    assert np.mean(np.array(p_values) <= 0.05) <= FOUND


def test_skewed_differences_of_ten_seeds_are_covered_where_bca_is_too_short():
    random = np.random.default_rng(0)
    ours, bca = [], []
    for _ in range(TRIES):
        values = random.exponential(size=10) - 1
        low, high = Paired(tuple(values)).interval(0.95)
        ours.append(low <= 0 <= high)
        found = stats.bootstrap((values,), np.mean, n_resamples=999, method="BCa", rng=random)
        bca.append(found.confidence_interval.low <= 0 <= found.confidence_interval.high)
    assert np.mean(ours) >= COVERED
    assert np.mean(bca) < COVERED


@pytest.mark.parametrize("count", [3, 6, 9, 15])
def test_the_p_value_says_when_the_interval_reaches_zero(count):
    random = np.random.default_rng(count)
    for _ in range(20):
        paired = Paired(tuple(random.normal(size=count) + 0.7))
        for level in (0.5, 0.9, 0.95, 0.99):
            low, high = paired.interval(level)
            assert (low <= 0 <= high) == (paired.p_value > 1 - level + 1e-12)


def test_the_p_value_is_that_of_the_sign_flip_test_by_hand():
    values = (0.1, 0.4, -0.2, 0.6, 0.3, 0.5, 0.2, 0.7)
    flips = [
        sum(s * v for s, v in zip(signs, values, strict=True))
        for signs in itertools.product((-1, 1), repeat=8)
    ]
    exact = 2 * np.mean(np.array(flips) >= sum(values) - 1e-9)
    assert Paired(values).p_value >= exact > 0.01
    peer = stats.permutation_test(
        (values,), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert exact == pytest.approx(peer)


@pytest.mark.parametrize(
    "values",
    [(0.1, 0.2, 0.3, 0.1, 0.2), (0.1,) * 5, (0.1,), ()],
    ids=["five", "five equal ones", "one", "none"],
)
def test_five_pairs_show_nothing_whatever_they_are(values):
    low, high = Paired(values).interval(0.95)
    assert not low > 0 and not high < 0
    assert Paired(values).p_value > 0.05


def test_pairs_without_a_difference_are_not_different():
    assert Paired((0.0,) * 10).interval(0.95) == (0, 0)
    assert Paired((0.0,) * 10).p_value == 1


def test_ten_equal_differences_are_one():
    assert Paired((0.5,) * 10).interval(0.95) == (0.5, 0.5)
    assert Paired((0.5,) * 10).p_value == pytest.approx(2 / 2**10, abs=1e-3)


@pytest.mark.parametrize(("count", "level"), [(6, 0.95), (10, 0.95), (10, 0.99)])
def test_the_smallest_difference_is_found_eight_times_in_ten(count, level):
    random = np.random.default_rng(5)
    planted = 0.02 * smallest(count, level)
    found = [
        Paired(tuple(random.normal(planted, 0.02, count))).interval(level)[0] > 0
        for _ in range(TRIES)
    ]
    spread = 3.1 * math.sqrt(0.16 / TRIES)
    assert 0.8 - spread <= np.mean(found) <= 0.9


def test_no_difference_is_large_enough_for_five_pairs():
    assert smallest(5, 0.95) == math.inf


def test_holm_by_hand():
    """The smallest times 3, the next times 2, the last times 1, and none below the one before."""
    assert holm.adjusted([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm.adjusted([0.9, 0.8]) == [1, 1]


@pytest.mark.parametrize("number", range(20))
def test_an_interval_at_holms_level_agrees_with_the_adjusted_p_value(number):
    random = np.random.default_rng(number)
    paired = [Paired(tuple(random.normal(size=10) + shift)) for shift in (0, 0.5, 1, 1.5)]
    p_values = [each.p_value for each in paired]
    for each, adjusted, level in zip(
        paired, holm.adjusted(p_values), holm.levels(p_values, 0.95), strict=True
    ):
        low, high = each.interval(level)
        assert (low <= 0 <= high) == (adjusted > 0.05)
