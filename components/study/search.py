"""The search for an arm's best learning rate, on a grid that grows while the best is at its end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tfx_updaters.components.study.tuning import Tuning


@dataclass(frozen=True)
class Found:
    """The best rate of an arm in a condition.

    Attributes:
        place: of it in the grid; 0 is the arm's own rate.
        scores: the metric on the validation split, the mean over the seeds, by place; NaN where
            no training gave a model.
        at_end: whether it lies at an end of the grid though this was extended as far as allowed.
        extensions: how often it was.
    """

    place: int
    scores: Mapping[int, float]
    at_end: bool = False
    extensions: int = 0

    @property
    def sensitivity(self) -> float:
        """How far the metric is from its best one step beside it in the grid, at the worse side.

        NaN where a rate beside it does not train, or was not tried.
        """
        lower, best, higher = (self.scores.get(self.place + k, np.nan) for k in (-1, 0, 1))
        return float(np.max([abs(lower - best), abs(higher - best)]))


def search(
    tuning: Tuning, score: Callable[[int], Sequence[float]], *, higher_is_better: bool
) -> Found:
    """Tries the grid, then the next rate beyond the end that the best one lies at.

    Args:
        tuning: the grid.
        score: place -> the metric of each of its trainings; NaN where one gave no model.
        higher_is_better: whether a good model has a high metric.
    """
    scores = {place: _mean(score(place)) for place in tuning.grid()}
    best, extensions = _best(scores, higher_is_better), 0
    while (beyond := _beyond(scores, best)) is not None and extensions < tuning.extensions:
        scores[beyond] = _mean(score(beyond))
        best, extensions = _best(scores, higher_is_better), extensions + 1
    return Found(best, scores, at_end=beyond is not None, extensions=extensions)


def _mean(scores: Sequence[float]) -> float:
    """NaN if one is: a rate that some trainings do not stand is none to choose."""
    return float(np.mean(scores))


def _best(scores: Mapping[int, float], higher: bool) -> int:
    """The nearest to the arm's own of equally good rates; its own if none gave a model."""
    known = [place for place in sorted(scores, key=abs) if np.isfinite(scores[place])]
    return (max if higher else min)(known, key=lambda place: scores[place], default=0)


def _beyond(scores: Mapping[int, float], best: int) -> int | None:
    """The place beyond the end, if the best one lies there."""
    if not np.isfinite(scores[best]):
        return None
    return {min(scores): best - 1, max(scores): best + 1}.get(best)
