"""Simulations of the gate: what its intervals cover, and how often it decides wrongly.

Samples of synthetic predictions go through the sums, the estimates and the intervals of the
Evaluator itself. The verdict is read off the interval; of the repetitions that lie nearest to the
limit, on either side, the judge has to say the same.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from lib.bars import Bar
from lib.gate_draws import CONFIDENCE, MODULE, Population, Trial, noisy, right_and_wrong
from scipy import stats

from tfx_updaters.components.evaluator.metrics.gated import EVALUATION, REFERENCE

# Of a share of 0.95 they give a standard error of 0.0034, of one of 0.05 the same.
REPETITIONS = 4000
COUNTS = (200, 2000, 20_000)
NEAREST = 5
POWER = 0.95
ACCURACY = {"metric": {"class_name": "SparseCategoricalAccuracy"}}
LOSS = {"metric": {"class_name": "SparseCategoricalCrossentropy"}}


def metric(config: dict, of: Population, change: bool = False) -> Trial:
    """On the evaluation split; an accuracy is bounded from below, a loss from above."""
    return Trial("SplitMetric", config, {EVALUATION: of}, change, at_most=config is LOSS)


def gap(config: dict, train: Population, of: Population, change: bool = False) -> Trial:
    """Of two splits, of an accuracy bounded from above, of a loss from below."""
    populations = {REFERENCE: train, EVALUATION: of}
    return Trial("GeneralizationGap", config, populations, change, at_most=config is ACCURACY)


def worst(class_name: str, populations: dict[str, Population], slices: int = 10) -> Trial:
    """Of the accuracy or its gap, in slices that are all alike."""
    inner = ACCURACY["metric"]
    if class_name == "GeneralizationGap":
        inner = {"class_name": class_name, "module": MODULE, "config": ACCURACY}
    at_most = class_name == "GeneralizationGap"
    config = {"metric": inner, "by": ["g"]}
    return Trial("WorstSlice", config, populations, at_most=at_most, slices=slices)


def ten(trial: Trial) -> Trial:
    """The same with a threshold on each of ten slices."""
    return replace(trial, slices=10, each=True)


# Shares that both, only the candidate and only the baseline predict rightly.
EQUAL, WORSE = (0.88, 0.03, 0.03), (0.88, 0.02, 0.04)
SOFT, SHARP = (6.0, 2.0), (8.0, 2.0)  # Accuracies of 0.90 and 0.98.

TRIALS = {
    "accuracy .6": lambda: metric(ACCURACY, right_and_wrong(0.6)),
    "accuracy .9": lambda: metric(ACCURACY, right_and_wrong(0.9)),
    "accuracy .985": lambda: metric(ACCURACY, right_and_wrong(0.985)),
    "accuracy gap 1/.985": lambda: gap(ACCURACY, right_and_wrong(1.0), right_and_wrong(0.985)),
    "accuracy gap .99/.9": lambda: gap(ACCURACY, right_and_wrong(0.99), right_and_wrong(0.9)),
    "accuracy gap .8/.8": lambda: gap(ACCURACY, right_and_wrong(0.8), right_and_wrong(0.8)),
    "change of accuracy 0": lambda: metric(ACCURACY, right_and_wrong(*EQUAL), True),
    "change of accuracy -.02": lambda: metric(ACCURACY, right_and_wrong(*WORSE), True),
    "change of accuracy gap": lambda: gap(
        ACCURACY, right_and_wrong(*EQUAL), right_and_wrong(*WORSE), True
    ),
    "loss, accuracy .90": lambda: metric(LOSS, noisy(*SOFT)),
    "loss, accuracy .98": lambda: metric(LOSS, noisy(*SHARP)),
    "loss gap": lambda: gap(LOSS, noisy(*SHARP), noisy(*SOFT)),
    "change of loss": lambda: metric(LOSS, noisy(*SOFT, second=0.5), True),
    "change of loss gap": lambda: gap(
        LOSS, noisy(*SHARP, second=0.5), noisy(*SOFT, second=0.5), True
    ),
}  # fmt: skip
# The limit is at the true value in all ten slices, of 200 examples each.
TEN = {
    "worst of 10 slices, .9": lambda: worst("SplitMetric", {EVALUATION: right_and_wrong(0.9)}),
    "worst of 10 slices, .985": lambda: worst("SplitMetric", {EVALUATION: right_and_wrong(0.985)}),
    "worst gap of 10 slices": lambda: worst(
        "GeneralizationGap", {REFERENCE: right_and_wrong(0.99), EVALUATION: right_and_wrong(0.9)}
    ),
    "10 slices, accuracy": lambda: ten(TRIALS["accuracy .9"]()),
    "10 slices, accuracy gap": lambda: ten(TRIALS["accuracy gap .99/.9"]()),
    "10 slices, change of accuracy": lambda: ten(TRIALS["change of accuracy 0"]()),
    "10 slices, loss": lambda: ten(TRIALS["loss, accuracy .90"]()),
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What came of the repetitions of a trial at its true value.

    Attributes:
        covered: share of the intervals that have it in them.
        above: share of those that lie above it.
        below: share of those that lie below it.
        disagreed: verdicts of the judge that are not those of the intervals.
    """

    covered: float
    above: float
    below: float
    disagreed: int


def simulated(trial: Trial, count: int) -> Found:
    """With the limit at the true value."""
    tallies = trial.tallies(count, REPETITIONS)
    low, high = np.array([trial.ends(tally) for tally in tallies]).T
    truth = trial.truth
    disagreed = sum(
        _disagreed(trial, tallies, low, high, truth, burden) for burden in ("model", "gate")
    )
    inside = (low <= truth) & (truth <= high)
    shares = (float(np.mean(each)) for each in (inside, low > truth, high < truth))
    return Found(*shares, disagreed)


def passes(
    trial: Trial, low: np.ndarray, high: np.ndarray, limit: float, burden: str
) -> np.ndarray:
    """Whether a model is blessed, by the ends of the intervals."""
    if trial.at_most:
        return (high if burden == "model" else low) <= limit
    return (low if burden == "model" else high) >= limit


def _disagreed(trial, tallies, low, high, limit, burden) -> int:
    """Of the nearest on either side."""
    passed = passes(trial, low, high, limit, burden)
    end = np.where(trial.at_most == (burden == "model"), high, low)
    order = np.argsort(np.abs(end - limit))
    asked = [n for side in (True, False) for n in order[passed[order] == side][:NEAREST]]
    return sum(trial.judged(tallies[n], burden, limit) != passed[n] for n in asked)


def coverage_bars() -> list[Bar]:
    """Of each trial the coverage, and the wrong verdicts on a model that lies at the limit."""
    bars, disagreed = [], 0
    for name, make in TRIALS.items():
        trial, found = make(), {}
        for count in COUNTS:
            found[count] = simulated(trial, count)
            bars.append(Bar(f"coverage, {name}, n={count}", found[count].covered, 0.97, 0.93))
        bars.append(_wrong(name, *found.values()))
        disagreed += sum(each.disagreed for each in found.values())
    for name, make in TEN.items():
        found = simulated(make(), 200)
        bars.append(_wrong(name, found))
        disagreed += found.disagreed
    few = replace(TRIALS["accuracy gap 1/.985"](), times=1)
    bars.append(Bar("coverage, gap 1/.985, n=200, 200 train", simulated(few, 200).covered, None))
    return [*bars, Bar("judge and interval disagree", disagreed, 0)]


def _wrong(name: str, *found: Found) -> Bar:
    """Blessed though the model has to show that it is better, or refused though the gate has to."""
    worst = max(max(each.above, each.below) for each in found)
    return Bar(f"wrong at the limit, {name}", worst, 0.05)


def examples_needed(distance: float, at_limit: float, at_truth: float, slices: int = 1) -> int:
    """The number at which a true value that far from the limit is shown with power 0.95.

    J. L. Fleiss, Statistical Methods for Rates and Proportions, 3rd edition (2003), chapter 4:
    ((z_a s_0 + z_b s_1) / d)^2. In several slices together, each has the 1/k-th power.

    Args:
        distance: from the limit.
        at_limit: standard deviation of a score if the true value were the limit.
        at_truth: that it has.
        slices: that have to keep the limit at once.
    """
    z_a = stats.norm.ppf(1 - (1 - CONFIDENCE) / 2 / slices)
    z_b = stats.norm.ppf(POWER ** (1 / slices))
    return math.ceil(((z_a * at_limit + z_b * at_truth) / distance) ** 2)


def power_bars() -> list[Bar]:
    """The share of right verdicts where the calculation says 0.95."""
    of = right_and_wrong(0.93)
    accuracy, slices = metric(ACCURACY, of), worst("SplitMetric", {EVALUATION: of})
    splits = gap(ACCURACY, right_and_wrong(0.99), of)
    change, changed = metric(ACCURACY, right_and_wrong(*EQUAL), True), math.sqrt(sum(EQUAL[1:]))
    soft = noisy(*SOFT)
    loss = metric(LOSS, soft)
    losses = loss.inner.measure().score.of(soft.labels, soft.candidate)
    spread, share = float(losses.std()), 0.05 * float(losses.mean())
    # The metric, whose burden it is, how far the limit is, deviations at the limit and in truth.
    cases = {
        "accuracy .93, at least .9": (accuracy, "model", 0.03, _spread(0.9), _spread(0.93)),
        "accuracy .93, below .95": (accuracy, "gate", 0.02, _spread(0.95), _spread(0.93)),
        "gap .06, at most .09": (splits, "model", 0.03, _gap_spread(0.09), _gap_spread(0.06)),
        "gap .06, above .03": (splits, "gate", 0.03, _gap_spread(0.03), _gap_spread(0.06)),
        "no change, at least -.01": (change, "model", 0.01, changed, changed),
        "no change, below .01": (change, "gate", 0.01, changed, changed),
        "loss, at most 1.05 of it": (loss, "model", share, spread, spread),
        "loss, above .95 of it": (loss, "gate", share, spread, spread),
        "10 slices of .93, at least .9": (slices, "model", 0.03, _spread(0.9), _spread(0.93)),
    }
    return [_power(name, *case) for name, case in cases.items()]


def _power(name, trial, burden, distance, at_limit, at_truth) -> Bar:
    count = examples_needed(distance, at_limit, at_truth, trial.slices or 1)
    low, high = np.array([trial.ends(t) for t in trial.tallies(count, REPETITIONS)]).T
    above = trial.at_most == (burden == "model")
    limit = trial.truth + (distance if above else -distance)
    passed = float(passes(trial, low, high, limit, burden).mean())
    right = passed if burden == "model" else 1 - passed
    return Bar(f"power, {burden} shows {name}, n={count}", right, 0.97, 0.93)


def _spread(share: float) -> float:
    """Standard deviation of scores of which that share are 1, the others 0."""
    return math.sqrt(share * (1 - share))


def _gap_spread(distance: float) -> float:
    """Of an accuracy of 0.99 on four times the examples, minus one that lies so far below it."""
    return math.hypot(_spread(0.99) / 2, _spread(0.99 - distance))
