"""Intervals against SciPy and published examples; estimates against the rows they are made of."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from tfx_updaters.components.evaluator import estimates, intervals
from tfx_updaters.components.evaluator.estimates import (
    Average,
    Difference,
    Mean,
    PairedMean,
    WithError,
    Worst,
)
from tfx_updaters.components.evaluator.measures import GROUPS, Calibration


def mean(scores, weights=None, proportion=False):
    scores = np.asarray(scores, float)
    weights = np.ones(len(scores)) if weights is None else np.asarray(weights, float)
    return Mean(estimates.sums(scores, weights).sum(axis=0), proportion)


def paired(changes, proportion=True):
    changes = np.asarray(changes, float)
    return PairedMean(estimates.sums(changes, np.ones(len(changes))).sum(axis=0), proportion)


@pytest.mark.parametrize(("right", "count"), [(0, 20), (20, 20), (7, 9), (981, 1000)])
def test_a_proportion_has_wilsons_interval(right, count):
    scores = [1] * right + [0] * (count - right)
    found = stats.binomtest(right, count).proportion_ci(0.95, method="wilson")
    assert mean(scores, proportion=True).interval(0.95) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.9975])
@pytest.mark.parametrize(("right", "count"), [(1, 20), (19, 20), (7, 9), (981, 1000)])
def test_at_the_ends_of_the_equal_tailed_interval_the_corrected_score_is_a_quantile(
    right, count, confidence
):
    z = stats.norm.ppf((1 + confidence) / 2)
    ends = intervals.equal_tailed(right / count, count, confidence)
    for p, quantile in zip(ends, (z, -z), strict=True):
        if p in (0, 1):
            assert min(right, count - right) / count <= (z * z - 1) / (6 * count)
            continue
        # P. J. Laud (2017): (S - (z^2 - 1) mu_3 / (6 V)) / sqrt(V) of a binomial distribution.
        score = (right / count - p) / math.sqrt(p * (1 - p) / count)
        skewness = (1 - 2 * p) / math.sqrt(count * p * (1 - p))
        assert score - skewness * (z * z - 1) / 6 == pytest.approx(quantile)


@pytest.mark.parametrize("right", [0, 3, 90, 199, 200])
def test_a_proportion_of_several_has_the_wider_of_both_at_each_end(right):
    low, high = mean([1] * right + [0] * (200 - right), proportion=True).interval(0.995)
    share = right / 200
    ends = intervals.wilson(share, 200, 0.995), intervals.equal_tailed(share, 200, 0.995)
    assert low == min(ends[0][0], ends[1][0])
    assert high == max(ends[0][1], ends[1][1])
    assert low < share < high or right in (0, 200)
    assert right > 0 or low == 0.0
    assert right < 200 or high == 1.0


@pytest.mark.parametrize("share", [0.9, 0.985])
@pytest.mark.parametrize("count", [20, 200, 2000])
def test_ten_proportions_together_miss_at_most_5_times_in_100_on_each_side(share, count):
    level = estimates.simultaneous(0.95, 10)
    rights = np.arange(count + 1)
    chances = stats.binom.pmf(rights, count, share)
    ends = [intervals.proportion(right / count, count, level) for right in rights]
    below, above = (
        sum(chances[i] for i in rights if wrong(ends[i]))
        for wrong in (lambda end: end[1] < share, lambda end: end[0] > share)
    )
    assert 1 - (1 - max(below, above)) ** 10 <= 0.05


def test_a_mean_that_is_not_skewed_has_students_interval():
    scores = np.random.default_rng(0).normal(size=25)
    scores = np.concatenate([5 + scores, 5 - scores])
    found = stats.ttest_1samp(scores, 0).confidence_interval(0.95)
    assert mean(scores).interval(0.95) == pytest.approx(found)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("sign", [1, -1], ids=["right", "left"])
def test_a_skewed_mean_has_halls_interval(sign, weighted):
    rng = np.random.default_rng(0)
    scores = sign * rng.gamma(0.3, size=60)
    weights = rng.uniform(0.5, 2, size=60) if weighted else np.ones(60)
    value = np.average(scores, weights=weights)
    parts = weights * (scores - value)
    skewness = np.sum(parts**3) / np.sum(parts**2) ** 1.5
    error = math.sqrt(60 / 59 * np.sum(parts**2)) / weights.sum()
    t = stats.t.ppf(0.975, weights.sum() ** 2 / np.sum(weights**2) - 1)
    low, high = mean(scores, weights).interval(0.95)
    # The transformation itself, g_3 of P. Hall (1992): it takes the ends to the quantiles of t.
    for end, quantile in ((low, t), (high, -t)):
        u = (value - end) / error
        found = u + skewness * u**2 / 3 + skewness**2 * u**3 / 27 + skewness / 6
        assert found == pytest.approx(quantile)
    assert (high - value > value - low) == (sign > 0)


def test_the_interval_does_not_jump_where_the_skewness_begins():
    near, far = (
        intervals.hall(1.0, 0.1, skewness, 50, 0.95) for skewness in (0.9e-6, 1.1e-6)
    )  # fmt: skip
    assert near == pytest.approx(far, abs=1e-6)


def test_a_difference_of_proportions_has_newcombes_interval():
    # R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, example (a), method 10.
    first = mean([1] * 56 + [0] * 14, proportion=True)
    second = mean([1] * 48 + [0] * 32, proportion=True)
    found = Difference(first, second)
    assert found.value == pytest.approx(0.2)
    assert found.interval(0.95) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_paired_change_is_that_of_a_table_with_half_an_example_more_in_each_cell():
    changes = [1] * 8 + [-1] * 3 + [0] * 89
    found = paired(changes)
    assert found.value == pytest.approx(0.05)
    better, worse, total = 8.5, 3.5, 102.0
    shift = (better - worse) / total
    error = math.sqrt(better + worse - (better - worse) ** 2 / total) / total
    z = stats.norm.ppf(0.975)
    assert found.interval(0.95) == pytest.approx((shift - z * error, shift + z * error))


def test_a_paired_interval_is_narrower_than_one_that_forgets_the_pairs():
    rng = np.random.default_rng(1)
    before = rng.random(500) < 0.9
    after = np.where(rng.random(500) < 0.03, ~before, before)
    low, high = paired(after.astype(float) - before).interval(0.95)
    apart = Difference(mean(after, proportion=True), mean(before, proportion=True)).interval(0.95)
    assert high - low < 0.7 * (apart[1] - apart[0])


@pytest.mark.parametrize("proportion", [True, False])
def test_equal_weights_change_nothing_and_unequal_ones_cost_examples(proportion):
    scores = np.random.default_rng(2).integers(0, 2, size=100).astype(float)
    plain = mean(scores, proportion=proportion).interval(0.95)
    assert mean(scores, np.full(100, 7.0), proportion).interval(0.95) == pytest.approx(plain)
    uneven = mean(scores, np.tile([0.1, 1.9], 50), proportion).interval(0.95)
    assert uneven[1] - uneven[0] > 1.1 * (plain[1] - plain[0])


def test_the_weighted_error_is_that_of_resampled_weighted_means():
    rng = np.random.default_rng(3)
    scores, weights = rng.normal(size=400), rng.uniform(0.2, 3, size=400)
    low, high = mean(scores, weights).interval(0.95)
    draws = rng.integers(400, size=(4000, 400))
    means = (scores * weights)[draws].sum(axis=1) / weights[draws].sum(axis=1)
    assert (high - low) / 2 / 1.96 == pytest.approx(means.std(), rel=0.08)


@pytest.mark.parametrize(
    "estimate",
    [
        mean([], proportion=True),
        mean([]),
        mean([0.3]),
        WithError(0.5, math.nan, 0),
        Worst([], True),
    ],
    ids=["no-proportion", "no-mean", "one-example", "no-error", "no-slices"],
)
def test_what_is_not_known_has_no_interval(estimate):
    assert all(math.isnan(end) for end in estimate.interval(0.95))


def test_the_worst_slice_is_bounded_for_all_slices_at_once():
    slices = [mean([1] * k + [0] * (40 - k), proportion=True) for k in (39, 30, 36)]
    worst = Worst(slices, highest=False)
    level = 1 - 0.05 / 3
    ends = [each.interval(level) for each in slices]
    assert worst.value == 0.75
    assert worst.interval(0.95) == (min(low for low, _ in ends), min(high for _, high in ends))
    assert Worst(slices, highest=True).value == pytest.approx(39 / 40)


def test_a_slice_that_is_not_known_makes_the_worst_unknown():
    assert math.isnan(Worst([mean([1, 0], proportion=True), mean([])], True).value)


def test_an_average_of_estimates_that_move_together_has_their_interval():
    one = mean([1, 0, 1, 1], proportion=True)
    assert Average([one, one]).interval(0.95) == pytest.approx(one.interval(0.95))


@pytest.fixture(scope="module")
def predicted():
    """Labels and probabilities of an overconfident model, and the groups of the jackknife."""
    rng = np.random.default_rng(4)
    logits = rng.normal(size=(600, 4))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(4, p=share) for share in shares]).astype(float)
    sharp = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
    return labels, sharp, rng.integers(GROUPS, size=600)


@pytest.mark.parametrize("kind", ["top_label", "class_wise"])
def test_calibration_is_that_of_the_rows(predicted, kind):
    labels, shares, groups = predicted
    measure = Calibration(kind=kind, bins=10)

    def by_hand(labels, shares):
        if kind == "top_label":
            pairs = [(shares.max(axis=1), shares.argmax(axis=1) == labels)]
        else:
            pairs = [(shares[:, k], labels == k) for k in range(4)]
        return np.mean([binned(confidence, right) for confidence, right in pairs])

    def binned(confidence, right):
        edges = np.linspace(0, 1, 11)
        total = 0.0
        for low, high in itertools.pairwise(edges):
            inside = (confidence > low) & (confidence <= high)
            if inside.any():
                total += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
        return total

    rows = measure.rows(labels, shares, np.ones(600), groups)
    found = measure.estimate(np.asarray(rows.sum(axis=0)).ravel())
    assert found.value == pytest.approx(by_hand(labels, shares))
    assert found.value > 0.05
    without = np.array([by_hand(labels[groups != g], shares[groups != g]) for g in range(GROUPS)])
    error = math.sqrt((GROUPS - 1) / GROUPS * np.sum((without - without.mean()) ** 2))
    assert found.error == pytest.approx(error)


def test_a_change_of_calibration_leaves_the_same_examples_out_of_both_models(predicted):
    labels, shares, groups = predicted
    measure = Calibration()
    total = np.asarray(measure.rows(labels, shares, np.ones(600), groups).sum(axis=0)).ravel()
    nothing = np.empty(0)
    same = measure.change(total, total, nothing)
    assert (same.value, same.error) == (0.0, 0.0)
    softer = (shares + 0.25) / 2
    other = np.asarray(measure.rows(labels, softer, np.ones(600), groups).sum(axis=0)).ravel()
    change = measure.change(total, other, nothing)
    assert change.value == pytest.approx(
        measure.estimate(total).value - measure.estimate(other).value
    )
    assert change.error > 0


def test_the_ends_of_an_interval_are_simultaneous_with_more_slices():
    assert estimates.simultaneous(0.95, 10) == pytest.approx(0.995)
    assert estimates.simultaneous(0.95, 0) == estimates.simultaneous(0.95, 1) == 0.95


def test_a_proportion_at_one_keeps_an_interval_below_it():
    low, high = intervals.wilson(1.0, 30, 0.95)
    assert high == 1.0
    assert 0.85 < low < 0.95
