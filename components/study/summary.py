"""What the trainings of one arm in one condition came to."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfx_updaters.components.evaluator.intervals import NOTHING, Interval, wilson
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.trials import DIVERGED, FAILED, Point, Result


@dataclass(frozen=True)
class Spread:
    """Values over seeds: their mean and standard deviation, NaN without any, and how many."""

    mean: float
    deviation: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of these."""
        mean = statistics.fmean(values) if values else math.nan
        deviation = statistics.stdev(values) if len(values) > 1 else math.nan
        return cls(mean, deviation, len(values))


@dataclass(frozen=True)
class Reached:
    """How long it took to a target.

    Attributes:
        steps: updates, in each training in the order of the seeds; None where it was missed.
        seconds: of training, likewise.
    """

    steps: Sequence[int | None]
    seconds: Sequence[float | None]

    @property
    def missed(self) -> int:
        """Trainings that did not reach it."""
        return sum(step is None for step in self.steps)

    @property
    def median_steps(self) -> float:
        """Infinite if half of the trainings or more missed it."""
        return statistics.median(math.inf if step is None else step for step in self.steps)


@dataclass(frozen=True)
class Summary:
    """One arm in one condition.

    Attributes:
        final: the metric on the test split after the last epoch.
        best: the same after the epoch that was the best one on the validation split.
        gap: the metric in the end on the examples that were trained on, minus that on test.
        trainings: how many there were.
        diverged: how many diverged; their models count as they were made, untrained.
        failed: how many failed; they have no values.
        reached: the target, if there is one.
    """

    final: Spread
    best: Spread
    gap: Spread
    trainings: int
    diverged: int
    failed: int
    reached: Reached | None

    def divergence(self, confidence: float) -> Interval:
        """Wilson's interval of the share of trainings that diverge."""
        ended = self.trainings - self.failed
        return wilson(self.diverged / ended, ended, confidence) if ended else NOTHING


def summary(plan: Plan, results: Sequence[Result]) -> Summary:
    """Sums up the results of the final seeds, in their order."""
    ended = [(result, last) for result in results if (last := result.last)]
    metric = plan.metric
    return Summary(
        final=Spread.of([last.test[metric] for _, last in ended]),
        best=Spread.of([best_point(plan, result).test[metric] for result, _ in ended]),
        gap=Spread.of(
            [r.train[metric] - last.test[metric] for r, last in ended if r.status != DIVERGED]
        ),
        trainings=len(results),
        diverged=sum(result.status == DIVERGED for result in results),
        failed=sum(result.status == FAILED for result in results),
        reached=None if plan.target is None else _reached(plan, results),
    )


def best_point(plan: Plan, result: Result) -> Point:
    """The model that was the best one on the validation split, and the first of such."""
    points = result.curve[:1] if result.status == DIVERGED else result.curve
    sign = 1 if plan.higher_is_better else -1
    return max(points, key=lambda point: sign * _known(point.validation[plan.metric], sign))


def _known(value: float, sign: int) -> float:
    return -sign * math.inf if math.isnan(value) else value


def _reached(plan: Plan, results: Sequence[Result]) -> Reached:
    found = [_first(plan, result) for result in results]
    return Reached(
        [point and point.step for point in found], [point and point.seconds for point in found]
    )


def _first(plan: Plan, result: Result) -> Point | None:
    """The first point at the target, of a training that did not break off."""
    sign = 1 if plan.higher_is_better else -1
    points = result.curve if result.status not in (DIVERGED, FAILED) else ()
    limit = sign * (plan.target or 0.0)
    return next((p for p in points if sign * p.validation[plan.metric] >= limit), None)


def profiles(
    steps: Mapping[str, Sequence[int | None]], factors: Sequence[float]
) -> dict[str, list[float]]:
    """Performance profiles (E. D. Dolan and J. J. More, Mathematical Programming 91 (2002) 201).

    Args:
        steps: to the target, by arm, for each problem: a condition with a seed; None is a miss.
        factors: how much longer than the fastest arm of a problem.

    Returns:
        by arm, the share of problems that it solves within each factor.
    """
    problems = list(zip(*steps.values(), strict=True))
    fastest = [min((s for s in problem if s is not None), default=None) for problem in problems]
    return {
        arm: [
            sum(
                step is not None and best is not None and step <= factor * best
                for step, best in zip(taken, fastest, strict=True)
            )
            / max(len(problems), 1)
            for factor in factors
        ]
        for arm, taken in steps.items()
    }
