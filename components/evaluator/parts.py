"""The numbers that a check is about, for people: both sides of a gap or a change, every slice."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from tfx_updaters.components.evaluator.check import Part
from tfx_updaters.components.evaluator.estimates import Estimate, simultaneous
from tfx_updaters.components.evaluator.metrics.gated import GatedMetric
from tfx_updaters.components.evaluator.metrics.worst import WorstSlice
from tfx_updaters.components.evaluator.reading import Measured
from tfx_updaters.components.evaluator.slices import in_words

CANDIDATE, BASELINE = "candidate", "baseline"


def parts(
    metric: GatedMetric, reading: Measured, confidence: float, splits: Mapping[str, str]
) -> tuple[Part, ...]:
    """Those of a metric in a slice; none where it is a number of its own.

    Args:
        metric: of the gate.
        reading: in that slice, of the candidate or of the change against the baseline.
        confidence: level of the check's interval.
        splits: the splits' names of each view.
    """
    if isinstance(metric, WorstSlice):
        return tuple(_by_slice(metric, reading, confidence, splits))
    if reading.key.is_diff:
        return tuple(_by_model(metric, reading, confidence))
    found = _by_split(metric, reading, confidence, splits)
    return tuple(found) if len(found) > 1 else ()


def _by_split(
    metric: GatedMetric, reading: Measured, confidence: float, splits: Mapping[str, str]
) -> list[Part]:
    return [
        _part(inner.name(), splits[reading.view(name)], reading, reading.of(inner, name),
              reading.count(name), confidence)
        for name, inners in metric.needs().items()
        for inner in inners
    ]  # fmt: skip


def _by_model(metric: GatedMetric, reading: Measured, confidence: float) -> Iterator[Part]:
    count = min(reading.count(view) for view in metric.needs())
    key, baseline = reading.key, reading.models[-1]
    for name, own in (
        (CANDIDATE, key._replace(is_diff=False)),
        (BASELINE, key.make_baseline_key(baseline)),
    ):
        one = replace(reading, key=own)
        estimate = metric.estimate(one)
        if estimate is not None:
            yield _part(str(metric.name), name, one, estimate, count, confidence)


def _by_slice(
    metric: WorstSlice, reading: Measured, confidence: float, splits: Mapping[str, str]
) -> Iterator[Part]:
    """The value in each slice, on the level that the worst is judged on; other splits beside."""
    inner = metric.of
    views = {reading.view(name) for name in inner.needs()}
    of = ", ".join(splits[view] for view in sorted(views)) if len(views) == 1 else ""
    slices = reading.slices(metric.by)
    level = simultaneous(confidence, len(metric.judged(reading)))
    for each in slices.values():
        estimate = inner.estimate(each)
        if estimate is None:
            continue
        count = min(each.count(name) for name in inner.needs())
        yield _part(str(inner.name), of, each, estimate, count, level, metric.counts(each))
        if reading.key.is_diff:
            continue
        beside = set(splits) - views if of else set(splits)
        for view in sorted(beside):
            for one in dict.fromkeys(i for inners in inner.needs().values() for i in inners):
                found = each.of(one, view)
                if math.isfinite(found.value):
                    yield _part(one.name(), splits[view], each, found, each.count(view), level,
                                False)  # fmt: skip


def _part(
    metric: str, of: str, reading: Measured, estimate: Estimate, examples: int,
    confidence: float, counted: bool = True,
) -> Part:  # fmt: skip
    low, high = estimate.interval(confidence)
    return Part(
        metric, of, in_words(reading.slice), _known(estimate.value), _known(low), _known(high),
        examples, counted,
    )  # fmt: skip


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
