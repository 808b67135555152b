"""Studies that are made of numbers: no training, but for the statistics as they are."""

import tempfile
from pathlib import Path

import numpy as np

from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.outcome import Outcome
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.runner import Runner
from tfx_updaters.components.study.trials import (
    DIVERGED,
    DONE,
    FAILED,
    Point,
    Result,
    Trial,
    Trials,
)
from tfx_updaters.components.study.tuning import Tuning

ARMS = (Arm("sgd", "sgd"), Arm("momentum", "momentum"), Arm("clip", "magnitude_clip"))
CONDITIONS = (Condition(), Condition("outliers", 0.1))
PLAN = Plan(ARMS, CONDITIONS, seeds=8, target=0.85, tuning=Tuning(rates=3, seeds=1))
TOPS = {"still": 0.5, "adam": 0.6, "sgd": 0.9, "momentum": 0.93, "clip": 0.92}
WHY = "the loss is <nan> & worse at step 7"


def made(trial: Trial) -> Result:
    """Three epochs. With outliers, clip wins, sgd fails once and momentum diverges twice."""
    random = np.random.default_rng([trial.seed, *map(ord, trial.arm.name + str(trial.condition))])
    hard = trial.condition.name != "clean"
    top = TOPS[trial.arm.name] - 0.02 * abs(trial.place) + random.normal(0, 0.004)
    top += 0.05 * (hard and trial.arm.name == "clip")
    points = [Point(0, 0.0, {}, {"accuracy": 0.1}, {"accuracy": 0.1})]
    for epoch in (1, 2, 3):
        value = top - 0.1 + 0.1 * epoch / 3
        points.append(
            Point(
                10 * epoch, 2.0 * epoch, {"loss": 1 / epoch}, {"accuracy": value},
                {"accuracy": value - 0.01},
            )
        )  # fmt: skip
    last = {"accuracy": top + 0.02}
    if hard and trial.arm.name == "sgd" and trial.seed == 3:
        return Result(FAILED, f"RuntimeError: {WHY}", points[:2])
    if hard and trial.arm.name == "momentum" and trial.seed in (4, 6):
        return Result(DIVERGED, WHY, points[:3], {"accuracy": 0.1})
    # The class 1 is the hardest one of sgd, 2 of the others; 3 has no examples.
    classes = [top, top - 0.1, top - (0.05 if trial.arm.name == "sgd" else 0.2), None]
    return Result(DONE, "", points, last, classes, moved(trial, random))


def moved(trial: Trial, random: np.random.Generator) -> dict[str, dict[str, list[float]]]:
    """Of two layers, by epoch; only clip clips."""
    told = {
        "update_ratio": {"conv/kernel": [0.04, 0.02, 0.01], "head/kernel": [0.02, 0.01, 0.005]},
        "cosine": {"conv/kernel": [0.5, 0.4], "head/kernel": [0.1, -0.2]},
    }
    if trial.arm.name == "clip":
        told["clipped"] = {"conv/kernel": random.uniform(size=3).tolist(), "head/kernel": [0.0] * 3}
    return told


def outcome(plan: Plan = PLAN, train=made) -> Outcome:
    """The study of this plan, run in a folder that does not stay."""
    with tempfile.TemporaryDirectory() as folder:
        each = lambda trials: ((trial, train(trial)) for trial in trials)  # noqa: E731
        return Runner(plan, Trials(Path(folder), plan, "data"), each).run()


class Trainings:
    """In the place of the training; killed after so many.

    Attributes:
        data: what they train on.
        trained: the files of the trials, in order.
    """

    def __init__(self, killed_after=None):
        self.killed_after = killed_after
        self.trained = []

    def __call__(self, plan, data):
        self.data = data
        return self._train

    def _train(self, trials):
        for trial in trials:
            if len(self.trained) == self.killed_after:
                raise KeyboardInterrupt
            self.trained.append(trial.file)
            yield trial, made(trial)
