"""The mean of paired differences, of few seeds: its interval and its p-value."""

import functools
from dataclasses import dataclass

import numpy as np

from tfx_updaters.components.evaluator.intervals import NOTHING, Interval

RESAMPLES = 4999
# Up to this many pairs, all subsets of them are taken.
ALL_SUBSETS = 12


@dataclass(frozen=True)
class Paired:
    """Differences of two arms, seed by seed.

    Two methods say where the true mean may lie, and each end of an interval is the farther one of
    theirs. The studentized bootstrap (P. Hall, The Annals of Statistics 16 (1988) 927-953) covers
    what it should with 10 pairs of skewed differences, where BCa and the percentile bootstrap
    are too short. The subset means (J. A. Hartigan, JASA 64 (1969) 1303-1317), which are the
    sign-flip test's interval, are exact where the differences are symmetric: those of two arms
    that do the same are, whatever their distribution.

    Attributes:
        differences: one for each seed, two or more.
    """

    differences: tuple[float, ...]

    @property
    def value(self) -> float:
        """The mean difference."""
        return float(np.mean(self.differences))

    @property
    def deviation(self) -> float:
        """Their standard deviation."""
        return float(np.std(self.differences, ddof=1))

    def interval(self, confidence: float) -> Interval:
        """The two-sided interval at that level; infinite where so few pairs can give none."""
        if len(self.differences) < 2:
            return NOTHING
        ends = [_between(points, confidence) for points in self._points]
        return min(low for low, _ in ends), max(high for _, high in ends)

    @property
    def p_value(self) -> float:
        """One minus the level of the interval that just reaches zero; 1 with one pair or none."""
        if len(self.differences) < 2:
            return 1.0
        return max(_reaching(points, 0.0) for points in self._points)

    @functools.cached_property
    def _points(self) -> tuple[np.ndarray, np.ndarray]:
        values = np.asarray(self.differences)
        return _bootstrapped(values), _subset_means(values)


def _between(points: np.ndarray, confidence: float) -> Interval:
    """As many points lie outside of each end as the level allows."""
    # Rounding must not take a point away where the level allows a whole number of them.
    outside = int((1 - confidence) / 2 * (len(points) + 1) + 1e-9)
    if not outside:
        return -np.inf, np.inf
    return float(points[outside - 1]), float(points[-outside])


def _reaching(points: np.ndarray, value: float) -> float:
    below, above = np.count_nonzero(points <= value), np.count_nonzero(points >= value)
    return min(1.0, 2 * (min(below, above) + 1) / (len(points) + 1))


def _bootstrapped(values: np.ndarray) -> np.ndarray:
    """Where the mean would be if the study's error were that of a resample, sorted."""
    count, mean = len(values), values.mean()
    error = values.std(ddof=1) / np.sqrt(count)
    if not error > 0:
        return np.full(RESAMPLES, mean)
    drawn = values[_draws(count)]
    apart = drawn.mean(axis=1) - mean
    errors = drawn.std(axis=1, ddof=1) / np.sqrt(count)
    # A resample of equal values has no error: its mean is infinitely far off, or the same.
    far = np.where(apart == 0, 0.0, np.copysign(np.inf, apart))
    pivots = np.divide(apart, errors, out=far, where=errors > 1e-9 * error)
    return np.sort(mean - error * pivots)


@functools.lru_cache(maxsize=8)
def _draws(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(count, size=(RESAMPLES, count))


def _subset_means(values: np.ndarray) -> np.ndarray:
    """The mean of each subset but the empty one, sorted; of random ones where they are many."""
    chosen = _subsets(len(values))
    return np.sort(chosen @ values / chosen.sum(axis=1))


@functools.lru_cache(maxsize=8)
def _subsets(count: int) -> np.ndarray:
    if count <= ALL_SUBSETS:
        numbers = np.arange(1, 2**count)[:, None]
        return (numbers >> np.arange(count)) & 1
    chosen = np.random.default_rng(0).integers(2, size=(RESAMPLES, count))
    return chosen[chosen.any(axis=1)]
