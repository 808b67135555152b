"""A study is run: rates are tuned, the best ones compared on fresh seeds, and all is kept."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.outcome import Outcome, Place
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.search import Found, search
from tfx_updaters.components.study.summary import Spread
from tfx_updaters.components.study.trials import DIVERGED, Result, Trial, Trials

Train = Callable[[Sequence[Trial]], Iterable[tuple[Trial, Result]]]


@dataclass(frozen=True)
class Progress:
    """How far a study is, as a trial begins, or as it ends.

    Attributes:
        done: trials with a result.
        total: all that are known of; an extended grid adds some.
        running: the first of those that run, or wait; None at the end.
        leader: the arm with the best mean so far in the running trial's condition, of those that
            are compared; empty while rates are tuned.
        left: seconds that the rest will take, at the pace of those done here; NaN at first.
    """

    done: int
    total: int
    running: Trial | None
    leader: str
    left: float


class Runner:
    """Runs the trials of a plan that have no result yet.

    Args:
        plan: of the study.
        trials: where results are kept.
        train: trains trials, and gives each with its result as it ends.
        tell: called as trials begin and end.
    """

    def __init__(
        self,
        plan: Plan,
        trials: Trials,
        train: Train,
        tell: Callable[[Progress], None] = lambda progress: None,
    ):
        self._plan = plan
        self._trials = trials
        self._train = train
        self._tell = tell
        self._total = 0
        self._known: dict[Path, Result] = {}
        self._seconds: list[float] = []
        self._final: list[Trial] = []

    def run(self) -> Outcome:
        """Runs what is left; what was run before is read.

        Raises:
            StudyError: a kept result is damaged.
            OSError: a result cannot be kept, for want of room on the disk.
        """
        found = self._train_all(self._plan.arms)
        return Outcome.of(self._plan, found, self._by_place())

    def run_part(self, arms: Collection[Arm]) -> None:
        """Runs what is left of these arms' trials, which depend on no other arm.

        Raises:
            StudyError, OSError: as `run`.
        """
        self._train_all(arms)

    def _train_all(self, arms: Collection[Arm]) -> dict[Place, Found]:
        """Rates are tuned, and trained with on fresh seeds."""
        plan = self._plan
        pairs = [(condition, arm) for condition, arm in plan.pairs() if arm in arms]
        tuning = len(plan.tuning.grid()) * plan.tuning.seeds if plan.tuning else 0
        self._total = len(pairs) * (tuning + plan.seeds)
        if plan.tuning:
            places = plan.tuning.grid()
            self._ensure([each for pair in pairs for p in places for each in self._at(*pair, p)])
        found = {_place(*pair): self._tuned(*pair) for pair in pairs}
        # All arms of a seed before the next one: what is there can be compared early.
        self._final = [
            Trial(condition, arm, found[_place(condition, arm)].place, seed)
            for condition in plan.conditions
            for seed in plan.final_seeds
            for arm in plan.arms
            if arm in arms
        ]
        self._ensure(self._final)
        self._say(None)
        return found

    def _tuned(self, condition: Condition, arm: Arm) -> Found:
        plan = self._plan
        if plan.tuning is None:
            return Found(0, {})

        def score(place: int) -> Sequence[float]:
            trials = self._at(condition, arm, place)
            self._total += sum(place not in plan.tuning.grid() for _ in trials)
            self._ensure(trials)
            return [self._validated(self._known[trial.file]) for trial in trials]

        return search(plan.tuning, score, higher_is_better=plan.higher_is_better)

    def _at(self, condition: Condition, arm: Arm, place: int) -> list[Trial]:
        """The trials of a rate."""
        return [Trial(condition, arm, place, seed) for seed in self._plan.tuning_seeds]

    def _validated(self, result: Result) -> float:
        if result.last is None or result.status == DIVERGED:
            return np.nan
        return result.last.validation[self._plan.metric]

    def _ensure(self, trials: Sequence[Trial]) -> None:
        """Has the results of all of these: those that are kept, and the others trained now."""
        wanted = {trial.file: trial for trial in trials if trial.file not in self._known}
        for file, trial in list(wanted.items()):
            if (kept := self._trials.result(trial)) is not None:
                self._known[file] = kept
                del wanted[file]
        if not wanted:
            return
        began = time.monotonic()
        self._say(next(iter(wanted.values())))
        for trial, result in self._train(list(wanted.values())):
            self._trials.add(trial, result)
            self._known[trial.file] = result
            del wanted[trial.file]
            self._seconds.append(time.monotonic() - began)
            began = time.monotonic()
            if wanted:
                self._say(next(iter(wanted.values())))

    def _say(self, running: Trial | None) -> None:
        each = np.mean(self._seconds) if self._seconds else np.nan
        done = len(self._known)
        left = float(each * (self._total - done)) if running else 0.0
        condition = running.condition if running else self._plan.conditions[0]
        self._tell(Progress(done, self._total, running, self._leader(condition), left))

    def _by_place(self) -> dict[Place, list[Result]]:
        """The results of the comparison that are known, in the order of their seeds."""
        found: dict[Place, list[Result]] = {}
        for trial in self._final:
            if trial.file in self._known:
                place = _place(trial.condition, trial.arm)
                found.setdefault(place, []).append(self._known[trial.file])
        return found

    def _leader(self, condition: Condition) -> str:
        metric, results = self._plan.metric, self._by_place()
        means = {
            arm.name: Spread.of([r.last.test[metric] for r in mine if r.last]).mean
            for arm in self._plan.arms
            if (mine := results.get(_place(condition, arm)))
        }
        known = {name: mean for name, mean in means.items() if np.isfinite(mean)}
        best = max if self._plan.higher_is_better else min
        return best(known, key=lambda name: known[name]) if known else ""


def _place(condition: Condition, arm: Arm) -> Place:
    return str(condition), arm.name
