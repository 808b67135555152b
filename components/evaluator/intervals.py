"""Confidence intervals from sufficient statistics: proportions, means, pairs and differences."""

import math

import numpy as np
from scipy import special

Interval = tuple[float, float]
NOTHING: Interval = (math.nan, math.nan)
# The level up to which Wilson's interval is taken as it is.
USUAL = 0.95


def wilson(share: float, count: float, confidence: float) -> Interval:
    """The score interval of a proportion.

    E. B. Wilson (1927), as in R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, method 3.

    Args:
        share: of successes, 0 to 1.
        count: trials; the effective number if they are weighted.
        confidence: level of the two-sided interval, 0 to 1.
    """
    if not count > 0:
        return NOTHING
    z = normal_quantile(confidence)
    middle = share + z * z / (2 * count)
    # Not below zero, where rounding takes a share of exactly 0 or 1.
    spread = z * math.sqrt(max(share * (1 - share), 0.0) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0)


def equal_tailed(share: float, count: float, confidence: float) -> Interval:
    """The score interval of a proportion whose two ends miss equally often.

    P. J. Laud, Pharmaceutical Statistics 16 (2017) 334-348: the score is corrected for the
    skewness of the binomial distribution. Arguments as in `wilson`.
    """
    if not count > 0:
        return NOTHING
    z = normal_quantile(confidence)
    shift = (z * z - 1) / (6 * count)
    # The roots of (share - shift - p (1 - 2 shift))^2 = z^2 p (1 - p) / count.
    first, second, third = share - shift, 1 - 2 * shift, z * z / count
    middle = first * second + third / 2
    spread = math.sqrt(max(middle * middle - (second * second + third) * first * first, 0.0))
    scale = second * second + third
    low, high = (middle - spread) / scale, (middle + spread) / scale
    # So near to 0 or 1 the corrected score does not reach its quantile before the end.
    near = max(shift, 0.0)
    return 0.0 if share <= near else max(low, 0.0), 1.0 if share >= 1 - near else min(high, 1.0)


def proportion(share: float, count: float, confidence: float) -> Interval:
    """Wilson's interval; beyond the usual level, where several are judged together, a wider one.

    Wilson's end towards 1/2 lies too near in the tails: of ten slices with 200 examples and an
    accuracy of 0.985, whose intervals should all hold at 95 %, one does not 11 times in 100. So
    each end is the wider of Wilson's and the equal-tailed one's, which at 95 % covers 0.92 there
    if it is alone. Arguments as in `wilson`.
    """
    ends = [wilson(share, count, confidence)]
    if confidence > USUAL:
        ends.append(equal_tailed(share, count, confidence))
    return min(low for low, _ in ends), max(high for _, high in ends)


def student(mean: float, error: float, freedom: float, confidence: float) -> Interval:
    """The t interval of a mean with standard error `error` and `freedom` degrees of freedom."""
    return hall(mean, error, 0.0, freedom, confidence)


def hall(
    mean: float, error: float, skewness: float, freedom: float, confidence: float
) -> Interval:  # fmt: skip
    """The interval of a mean of values that may be skewed, as losses are.

    P. Hall, Journal of the Royal Statistical Society B 54 (1992) 221-228, the cubic
    transformation of the t statistic, with the quantile of Student's t for the normal one: without
    skewness it is the t interval. With the skewness of a good classifier's cross-entropy and 200
    examples the t interval covers 0.91 instead of 0.95, and nearly always misses from below.

    Args:
        mean: of the values.
        error: its standard error.
        skewness: of the mean: that of a value, divided by the square root of their number.
        freedom: degrees of freedom of the error.
        confidence: level of the two-sided interval, 0 to 1.
    """
    if not freedom > 0 or not math.isfinite(mean) or not math.isfinite(error):
        return NOTHING
    t = float(special.stdtrit(freedom, (1 + confidence) / 2))
    return mean - error * _transformed(t, skewness), mean - error * _transformed(-t, skewness)


def _transformed(quantile: float, skewness: float) -> float:
    """The quantile of the t statistic, from that of the distribution without skewness."""
    if abs(skewness) < 1e-6:  # Where rounding would be more than the difference.
        return quantile
    cube = 1 + skewness * (quantile - skewness / 6)
    return 3 / skewness * (float(np.cbrt(cube)) - 1)


def agresti_min(difference: float, discordant: float, count: float, confidence: float) -> Interval:
    """The interval of a difference of two proportions on the same examples.

    A. Agresti and Y. Min, Statistics in Medicine 24 (2005) 729-740: the variance-based interval
    after half an example is added to each cell of the 2 x 2 table.

    Args:
        difference: of the shares, -1 to 1: (n10 - n01) / n.
        discordant: share of examples on which the two differ: (n10 + n01) / n.
        count: examples n; the effective number if they are weighted.
        confidence: level of the two-sided interval, 0 to 1.
    """
    if not count > 0:
        return NOTHING
    total = count + 2
    middle = difference * count / total
    changed = (discordant * count + 1) / total
    spread = normal_quantile(confidence) * math.sqrt((changed - middle * middle) / total)
    return max(middle - spread, -1.0), min(middle + spread, 1.0)


def difference(
    first: float, first_interval: Interval, second: float, second_interval: Interval
) -> Interval:
    """The interval of first - second, two independent estimates that have intervals of their own.

    Square-and-add: Newcombe's hybrid score interval where both are Wilson's (Statistics in
    Medicine 17 (1998) 873-890, method 10); in general G. Y. Zou and A. Donner, Statistics in
    Medicine 27 (2008) 1693-1702, equation 5.
    """
    (first_low, first_high), (second_low, second_high) = first_interval, second_interval
    middle = first - second
    return (
        middle - math.hypot(first - first_low, second_high - second),
        middle + math.hypot(first_high - first, second - second_low),
    )


def normal_quantile(confidence: float) -> float:
    """z of the two-sided level."""
    return float(special.ndtri((1 + confidence) / 2))
