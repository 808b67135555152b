"""The time steps that windows are cut from: gaps found, values filled in, resampled.

Nothing here looks across the cut between the train and the eval part of a series.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tfx_updaters.components.examples.sensor_series import SECOND, Series
from tfx_updaters.components.examples.sensor_windows import Windows

# Why a window may not reach over the start of a step; the first that holds is the one counted.
CONTINUES, SPLIT, MISSING, GAP = range(4)
USUAL_GAP = 1.5


@dataclass(frozen=True)
class Steps:
    """Steps of a series, one after the other.

    Attributes:
        times: nanoseconds, int64.
        values: steps x channels, float64, none of them missing.
        labels: as those of the series.
        breaks: why a window that has the step before may not have this one as well.
        train: the number of steps before the cut.
        missing: samples that were left out, as a value was missing.
    """

    times: np.ndarray
    values: np.ndarray
    labels: np.ndarray
    breaks: np.ndarray
    train: int
    missing: int


def steps(series: Series, windows: Windows, train: int) -> Steps:
    """The steps of a series.

    Args:
        series: its samples.
        windows: what is done to them.
        train: the number of samples that belong to train; those after them belong to eval.
    """
    limit = _limit(series.times, windows)
    parts = []
    for samples in (slice(0, train), slice(train, None)):
        part = _filled(_taken(series, samples), windows, limit)
        part = _complete(part, limit)
        if windows.every is not None:
            part = _resampled(part, round(windows.every * SECOND))
        parts.append(part)
    if len(parts[1].breaks):
        parts[1].breaks[0] = SPLIT
    whole = _concatenated(parts)
    return replace(whole, train=len(parts[0].times))


def _limit(times: np.ndarray, windows: Windows) -> float:
    """Nanoseconds between samples that a window may span."""
    if windows.max_gap is not None:
        return windows.max_gap * SECOND
    return USUAL_GAP * float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def _taken(series: Series, samples: slice) -> Steps:
    times = series.times[samples]
    breaks = np.zeros(len(times), np.int8)
    return Steps(times, series.values[samples], series.labels[samples], breaks, 0, 0)


def _filled(part: Steps, windows: Windows, limit: float) -> Steps:
    """Missing values on a line between their neighbours, where those are near enough."""
    if windows.missing != "interpolate" or not np.isnan(part.values).any():
        return part
    values = part.values.copy()
    for channel in values.T:
        there = np.flatnonzero(~np.isnan(channel))
        if len(there) > 1:
            holes = np.flatnonzero(np.isnan(channel))
            after = np.searchsorted(there, holes)
            inside = (after > 0) & (after < len(there))
            holes, after = holes[inside], after[inside]
            near = part.times[there[after]] - part.times[there[after - 1]] <= limit
            channel[holes[near]] = np.interp(
                _since(part.times[holes[near]], part.times), _since(part.times[there], part.times),
                channel[there],
            )  # fmt: skip
    return replace(part, values=values)


def _since(times: np.ndarray, all_times: np.ndarray) -> np.ndarray:
    """Times from the first on, which floats hold to the nanosecond."""
    return (times - all_times[0]).astype(np.float64)


def _complete(part: Steps, limit: float) -> Steps:
    """Without the samples that lack a value; a window reaches over none of them, and no gap."""
    places = np.flatnonzero(np.isfinite(part.values).all(axis=1))
    breaks = np.zeros(len(places), np.int8)
    breaks[1:][np.diff(part.times[places]) > limit] = GAP
    breaks[1:][np.diff(places) > 1] = MISSING
    if len(places) and places[0] > 0:
        breaks[0] = MISSING
    return Steps(
        part.times[places], part.values[places], part.labels[places], breaks, 0,
        len(part.times) - len(places),
    )  # fmt: skip


def _resampled(part: Steps, every: int) -> Steps:
    """Each stretch without a break at a regular rate, from its first sample on."""
    stretches = [_regular(part, begin, end, every) for begin, end in _stretches(part.breaks)]
    return replace(_concatenated(stretches), missing=part.missing) if stretches else part


def _stretches(breaks: np.ndarray) -> Iterator[tuple[int, int]]:
    starts = np.flatnonzero(breaks != CONTINUES)
    bounds = np.unique(np.concatenate([[0], starts, [len(breaks)]]))
    return zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)


def _regular(part: Steps, begin: int, end: int, every: int) -> Steps:
    """Samples of a stretch on a grid.

    Samples that lie nearest to the same point of the grid are averaged first, in time and value,
    so that a lower rate does not fold fast changes into slow ones; the grid's values lie on lines
    between those averages. A label is that of the last sample at or before the point.
    """
    times = part.times[begin:end] - part.times[begin]
    grid = np.arange(0, times[-1] + 1, every, dtype=np.int64)
    nearest = (times + every // 2) // every
    _, first, counts = np.unique(nearest, return_index=True, return_counts=True)
    knots = np.add.reduceat(times.astype(np.float64), first) / counts
    means = np.add.reduceat(part.values[begin:end], first, axis=0) / counts[:, None]
    values = np.stack([np.interp(grid, knots, channel) for channel in means.T], axis=1)
    labels = part.labels[begin:end][np.searchsorted(times, grid, side="right") - 1]
    breaks = np.zeros(len(grid), np.int8)
    breaks[0] = part.breaks[begin]
    return Steps(grid + part.times[begin], values, labels, breaks, 0, 0)


def _concatenated(parts: list[Steps]) -> Steps:
    return Steps(
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.breaks for part in parts]),
        0,
        sum(part.missing for part in parts),
    )
