"""Windows of a series: where they start, their split, their class, and why others are dropped."""

import hashlib
from dataclasses import dataclass

import numpy as np

from tfx_updaters.components.examples.sensor_series import Series
from tfx_updaters.components.examples.sensor_steps import GAP, MISSING, SPLIT, Steps, steps
from tfx_updaters.components.examples.sensor_windows import Windows

REASONS = {SPLIT: "across the split", MISSING: "missing values", GAP: "gap"}
UNLABELLED = "no label"
BUCKETS = 10_000


@dataclass(frozen=True)
class Cut:
    """The windows of a series.

    Attributes:
        name: of the series.
        steps: that they are cut from.
        starts: the first step of each window that is kept.
        train: whether each is of the train split; the others are of eval.
        labels: their classes' places in `names`.
        names: of the classes that occur.
        dropped: windows that are not kept, by reason.
        samples: of the series, as they were read.
        moved: samples that were not in the order of time.
    """

    name: str
    steps: Steps
    starts: np.ndarray
    train: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    dropped: dict[str, int]
    samples: int
    moved: int


def cut(series: Series, windows: Windows) -> Cut:
    """All windows of a series: a window starts every `stride` steps, and is kept or counted."""
    made = steps(series, windows, _train(series, windows))
    starts = np.arange(0, len(made.times) - windows.length + 1, windows.step)
    reasons = _reasons(made, starts, windows.length)
    labels = _labels(made.labels, series.names, starts, windows)
    dropped = {text: int((reasons == reason).sum()) for reason, text in REASONS.items()}
    dropped[UNLABELLED] = int(((reasons == 0) & (labels < 0)).sum())
    kept = (reasons == 0) & (labels >= 0)
    return Cut(
        series.name, made, starts[kept], starts[kept] < made.train, labels[kept], series.names,
        {text: count for text, count in dropped.items() if count}, len(series.times), series.moved,
    )  # fmt: skip


def _train(series: Series, windows: Windows) -> int:
    """How many of the first samples are of the train split."""
    count = len(series.times)
    if windows.split == "time":
        return count - round(count * windows.eval_share)
    digest = hashlib.sha256(series.name.encode()).digest()
    bucket = int.from_bytes(digest[:8], "big") % BUCKETS
    return 0 if bucket < windows.eval_share * BUCKETS else count


def _reasons(made: Steps, starts: np.ndarray, length: int) -> np.ndarray:
    """Why each window is dropped; 0 is no reason."""
    found = np.zeros(len(starts), np.int8)
    for reason in (GAP, MISSING, SPLIT):
        crossed = np.cumsum(made.breaks == reason)
        found[crossed[starts + length - 1] > crossed[starts]] = reason
    return found


def _labels(
    labels: np.ndarray, names: tuple[str, ...], starts: np.ndarray, windows: Windows
) -> np.ndarray:
    """The class of each window; -1 where it has none."""
    ends = starts + windows.length - 1
    if windows.label_by == "last" or not names:
        return labels[ends]
    counts, latest = _occurrences(labels, len(names), starts, ends)
    if windows.background in names:
        # Others come before it, however few they are.
        others = [place for place, name in enumerate(names) if name != windows.background]
        counts[others] *= windows.length + 1
    best = np.argmax(counts * (len(labels) + 1) + latest, axis=0)
    return np.where(counts.max(axis=0) > 0, best, -1).astype(np.int32)


def _occurrences(
    labels: np.ndarray, classes: int, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How often each class occurs in each window, and at which step last: classes x windows."""
    counts = np.zeros((classes, len(starts)), np.int64)
    latest = np.zeros_like(counts)
    places = np.arange(len(labels))
    for number in range(classes):
        there = labels == number
        before = np.concatenate([[0], np.cumsum(there)])
        counts[number] = before[ends + 1] - before[starts]
        latest[number] = np.maximum.accumulate(np.where(there, places, 0))[ends]
    return counts, latest
