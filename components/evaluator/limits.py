"""A threshold as two limits, and the number that is compared with them."""

import math
from typing import Any

import numpy as np
from tensorflow_model_analysis.proto import config_pb2

# One of TFMA's two messages, a GenericValueThreshold or a GenericChangeThreshold.
Threshold = Any
# What a number may not be below, and not above.
Limits = tuple[float | None, float | None]


def of(threshold: Threshold, baseline: float) -> Limits:
    """The limits of a value, or of a change.

    Args:
        threshold: where both an absolute and a relative change are given, the stricter counts.
        baseline: the baseline's value. A share of what is not above 0 means nothing: it is a
            limit of NaN, which nothing keeps.
    """
    if isinstance(threshold, config_pb2.GenericValueThreshold):
        low, high = (
            getattr(threshold, name).value if threshold.HasField(name) else None
            for name in ("lower_bound", "upper_bound")
        )
        return low, high
    higher = threshold.direction == config_pb2.MetricDirection.HIGHER_IS_BETTER
    allowed = [threshold.absolute.value] if threshold.HasField("absolute") else []
    if threshold.HasField("relative"):
        allowed.append(threshold.relative.value * baseline if baseline > 0 else math.nan)
    strict = float(np.max(allowed) if higher else np.min(allowed))
    return (strict, None) if higher else (None, strict)


def compared(known: tuple[float, float, float], limits: Limits, burden: str) -> tuple[float, float]:
    """The number that is compared, and how far it is from the limit that it is nearest to breaking.

    Args:
        known: the value, and the ends of its interval.
        limits: what it may not be below, and not above.
        burden: which end is compared with which limit.
    """
    value, low, high = known
    ends = {"none": (value, value), "model": (low, high), "gate": (high, low)}[burden]
    found = [
        (end - limit if below else limit - end, end)
        for limit, end, below in ((limits[0], ends[0], True), (limits[1], ends[1], False))
        if limit is not None
    ]
    # NaN is no margin at all.
    if not found or any(math.isnan(margin) for margin, _ in found):
        return math.nan, math.nan
    margin, end = min(found)
    return end, margin
