"""A study is run: rates are tuned, the best ones compared on fresh seeds, and all is kept."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.outcome import Outcome, Place
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.search import Found, search
from tfx_updaters.components.study.summary import Spread
from tfx_updaters.components.study.trials import DIVERGED, Result, Trial, Trials


@dataclass(frozen=True)
class Progress:
    """How far a study is, as a trial begins, or as it ends.

    Attributes:
        done: trials with a result.
        total: all that are known of; an extended grid adds some.
        running: the trial that begins; None at the end.
        leader: the arm with the best mean so far in the running trial's condition, of those that
            are compared; empty while rates are tuned.
        left: seconds that the rest will take, from the mean of those done here; NaN at first.
    """

    done: int
    total: int
    running: Trial | None
    leader: str
    left: float


class Runner:
    """Runs the trials of a plan that have no result yet, one after the other.

    Args:
        plan: of the study.
        trials: where results are kept.
        train: trains a trial.
        tell: called as each trial begins, and once at the end.
    """

    def __init__(
        self,
        plan: Plan,
        trials: Trials,
        train: Callable[[Trial], Result],
        tell: Callable[[Progress], None] = lambda progress: None,
    ):
        self._plan = plan
        self._trials = trials
        self._train = train
        self._tell = tell
        tuning = len(plan.tuning.grid()) * plan.tuning.seeds if plan.tuning else 0
        self._total = len(list(plan.pairs())) * (tuning + plan.seeds)
        self._done = 0
        self._seconds: list[float] = []
        self._final: dict[Place, list[Result]] = {}

    def run(self) -> Outcome:
        """Runs what is left; what was run before is read.

        Raises:
            StudyError: a kept result is damaged.
            OSError: a result cannot be kept, for want of room on the disk.
        """
        found = {_place(*pair): self._tuned(*pair) for pair in self._plan.pairs()}
        for condition in self._plan.conditions:
            # All arms of a seed before the next one: what is there can be compared early.
            for seed in self._plan.final_seeds:
                for arm in self._plan.arms:
                    place = _place(condition, arm)
                    trial = Trial(condition, arm, found[place].place, seed)
                    self._final.setdefault(place, []).append(self._result(trial))
        self._say(None)
        return Outcome.of(self._plan, found, self._final)

    def _tuned(self, condition: Condition, arm: Arm) -> Found:
        plan = self._plan
        if plan.tuning is None:
            return Found(0, {})
        tried: set[int] = set()

        def score(place: int) -> Sequence[float]:
            tried.add(place)
            if len(tried) > len(plan.tuning.grid()):
                self._total += len(plan.tuning_seeds)
            return [
                self._validated(self._result(Trial(condition, arm, place, seed)))
                for seed in plan.tuning_seeds
            ]

        return search(plan.tuning, score, higher_is_better=plan.higher_is_better)

    def _validated(self, result: Result) -> float:
        if result.last is None or result.status == DIVERGED:
            return np.nan
        return result.last.validation[self._plan.metric]

    def _result(self, trial: Trial) -> Result:
        result = self._trials.result(trial)
        if result is None:
            self._say(trial)
            began = time.monotonic()
            result = self._train(trial)
            self._trials.add(trial, result)
            self._seconds.append(time.monotonic() - began)
        self._done += 1
        return result

    def _say(self, running: Trial | None) -> None:
        each = np.mean(self._seconds) if self._seconds else np.nan
        left = float(each * (self._total - self._done)) if running else 0.0
        condition = running.condition if running else self._plan.conditions[0]
        self._tell(Progress(self._done, self._total, running, self._leader(condition), left))

    def _leader(self, condition: Condition) -> str:
        metric = self._plan.metric
        means = {
            arm.name: Spread.of([r.last.test[metric] for r in results if r.last]).mean
            for arm in self._plan.arms
            if (results := self._final.get(_place(condition, arm)))
        }
        known = {name: mean for name, mean in means.items() if np.isfinite(mean)}
        best = max if self._plan.higher_is_better else min
        return best(known, key=lambda name: known[name]) if known else ""


def _place(condition: Condition, arm: Arm) -> Place:
    return str(condition), arm.name
