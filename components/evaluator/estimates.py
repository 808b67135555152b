"""What is known of a quantity: its value, and an interval at any confidence level."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tfx_updaters.components.evaluator import intervals
from tfx_updaters.components.evaluator.intervals import Interval


class Estimate(Protocol):
    """A quantity that was measured on examples."""

    @property
    def value(self) -> float:
        """The point estimate; NaN where nothing is known."""
        ...

    def interval(self, confidence: float) -> Interval:
        """The two-sided interval at that level, low end first; NaN where there is none."""
        ...


@dataclass(frozen=True)
class Mean:
    """A weighted mean of scores, from sums over the examples.

    Attributes:
        sums: count n, sum of w, w x, w^2, w^2 x, w^2 x^2, w^3, w^3 x, w^3 x^2, w^3 x^3, for
            weights w and scores x.
        proportion: each score is 0 or 1.
    """

    sums: np.ndarray
    proportion: bool

    @property
    def value(self) -> float:
        _, weight, total, *_ = self.sums
        return float(total / weight) if weight > 0 else math.nan

    def interval(self, confidence: float) -> Interval:
        """Wilson's for a proportion, beyond 95 % a wider one; Hall's for other means."""
        if self.proportion:
            return intervals.proportion(self.value, effective_count(self.sums), confidence)
        return _skewed(self.sums, self.value, confidence)


@dataclass(frozen=True)
class PairedMean:
    """A weighted mean of the differences of two scores on the same examples.

    Attributes:
        sums: as in `Mean`, x being the difference.
        proportion: each of the two scores is 0 or 1.
    """

    sums: np.ndarray
    proportion: bool

    @property
    def value(self) -> float:
        return Mean(self.sums, False).value

    def interval(self, confidence: float) -> Interval:
        """Agresti's and Min's for proportions; Hall's for other means."""
        if not self.proportion:
            return _skewed(self.sums, self.value, confidence)
        _, _, _, squares, _, changed, *_ = self.sums
        share = changed / squares if squares > 0 else math.nan
        return intervals.agresti_min(self.value, share, effective_count(self.sums), confidence)


@dataclass(frozen=True)
class Unknown:
    """Nothing is known, and `why`."""

    why: str
    value: float = math.nan

    def interval(self, confidence: float) -> Interval:
        """None."""
        return intervals.NOTHING


@dataclass(frozen=True)
class WithError:
    """A statistic with its standard error.

    Attributes:
        value: the statistic.
        error: its standard error.
        freedom: degrees of freedom of the error.
    """

    value: float
    error: float
    freedom: float

    def interval(self, confidence: float) -> Interval:
        """Student's t."""
        return intervals.student(self.value, self.error, self.freedom, confidence)


def jackknifed(value: float, without: np.ndarray) -> WithError:
    """A statistic that is no mean, from its values when one group of the examples is left out.

    B. Efron and C. Stein, The Annals of Statistics 9 (1981) 586-596: the variance is
    (g - 1) / g times the sum of squared deviations of the g values from their mean.

    Args:
        value: on all examples.
        without: on all examples but those of one group, for each of g groups.
    """
    groups = len(without)
    variance = (groups - 1) / groups * float(np.sum((without - without.mean()) ** 2))
    return WithError(value, math.sqrt(variance), groups - 1)


@dataclass(frozen=True)
class Difference:
    """One estimate minus another of other examples."""

    first: Estimate
    second: Estimate

    @property
    def value(self) -> float:
        return self.first.value - self.second.value

    def interval(self, confidence: float) -> Interval:
        """Square-and-add of the two intervals."""
        return intervals.difference(
            self.first.value, self.first.interval(confidence),
            self.second.value, self.second.interval(confidence),
        )  # fmt: skip


@dataclass(frozen=True)
class Negative:
    """An estimate with the other sign."""

    of: Estimate

    @property
    def value(self) -> float:
        return -self.of.value

    def interval(self, confidence: float) -> Interval:
        """The ends change places."""
        low, high = self.of.interval(confidence)
        return -high, -low


@dataclass(frozen=True)
class Average:
    """The mean of estimates that may depend on each other, as they share examples."""

    of: Sequence[Estimate]

    @property
    def value(self) -> float:
        return float(np.mean([each.value for each in self.of]))

    def interval(self, confidence: float) -> Interval:
        """The mean of the ends: exact if all move together, else wider than need be."""
        low, high = np.mean([each.interval(confidence) for each in self.of], axis=0)
        return float(low), float(high)


@dataclass(frozen=True)
class Worst:
    """The lowest or the highest of several estimates.

    Attributes:
        of: without any, nothing is known.
        highest: whether the highest is the worst.
    """

    of: Sequence[Estimate]
    highest: bool

    @property
    def value(self) -> float:
        return self._pick([each.value for each in self.of])

    def interval(self, confidence: float) -> Interval:
        """From simultaneous intervals of all: it holds whichever of them truly is the worst."""
        level = simultaneous(confidence, len(self.of))
        ends = [each.interval(level) for each in self.of]
        return self._pick([low for low, _ in ends]), self._pick([high for _, high in ends])

    def _pick(self, values: Sequence[float]) -> float:
        # NaN stays NaN: a slice that cannot be judged is the worst there is.
        if not values:
            return math.nan
        return float(np.max(values) if self.highest else np.min(values))


def why_unknown(estimate: Estimate) -> str:
    """Why nothing is known of it, if it or a part of it says so; else empty."""
    match estimate:
        case Unknown(why):
            return why
        case Difference(first, second):
            parts: Sequence[Estimate] = (first, second)
        case Negative(of):
            parts = (of,)
        case Average(of) | Worst(of, _):
            parts = of
        case _:
            parts = ()
    return next(filter(None, map(why_unknown, parts)), "")


def simultaneous(confidence: float, count: int) -> float:
    """The level of each of `count` intervals that hold together at `confidence` (Bonferroni)."""
    return 1 - (1 - confidence) / max(count, 1)


def sums(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The sums of `Mean`, for each example: examples x 10."""
    powers = [(0, 0)] + [(w, x) for w in (1, 2, 3) for x in range(w + 1)]
    return np.stack([weights**w * scores**x for w, x in powers], axis=1)


def effective_count(of: np.ndarray) -> float:
    """How many examples of equal weight would be as good (L. Kish): (sum w)^2 / sum w^2."""
    _, weight, _, squares, *_ = of
    return float(weight * weight / squares) if squares > 0 else 0.0


def _skewed(of: np.ndarray, mean: float, confidence: float) -> Interval:
    count, weight, _, *moments = of
    if count < 2 or not weight > 0:
        return intervals.NOTHING
    # Linearized moments of a ratio of sums; those of the mean where the weights are equal.
    square = max(np.dot(moments[:3], [mean * mean, -2 * mean, 1]), 0.0)
    cube = np.dot(moments[3:], [-(mean**3), 3 * mean * mean, -3 * mean, 1])
    error = math.sqrt(count / (count - 1) * square) / weight
    # No sum of cubes is greater than the sum of squares to the power 3/2.
    skewness = float(np.clip(cube / square**1.5, -1, 1)) if square > 0 else 0.0
    return intervals.hall(mean, error, skewness, effective_count(of) - 1, confidence)
