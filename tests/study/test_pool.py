"""Trials several at a time: the same results, and a study that is killed loses nothing."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tfx_updaters.components import TrainingConfig
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.data import Data
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.pool import Pool
from tfx_updaters.components.study.runner import Runner
from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Trial, Trials
from tfx_updaters.components.study.tuning import Tuning

PLAN = Plan(
    (Arm("momentum", "momentum"), Arm("clip", "magnitude_clip")),
    (Condition(), Condition("outliers", 0.1)),
    model_args={"shape": [6, 6, 1], "classes": 2, "filters": [4], "dropout": 0.2},
    training=TrainingConfig(epochs=2, batch_size=16), seeds=2, tuning=Tuning(rates=3, seeds=1),
)  # fmt: skip


def bars(count: int, seed: int) -> dict[str, np.ndarray]:
    """Images with an upright or a lying bar."""
    random = np.random.default_rng(seed)
    images = random.normal(0, 0.3, (count, 6, 6, 1)).astype("float32")
    labels = random.integers(2, size=count)
    for image, label, at in zip(images, labels, random.integers(6, size=count), strict=True):
        image[(slice(None), at) if label else at] += 1
    return {"image": images, "label": labels}


DATA = Data(bars(200, 0), bars(60, 1))


def run(folder: Path, jobs: int, tell=lambda progress: None) -> dict:
    trials = Trials(folder, PLAN, DATA.fingerprint)
    with Pool(Training(PLAN, DATA), jobs) as train:
        return without_seconds(Runner(PLAN, trials, train, tell).run().to_json())


def without_seconds(document):
    if isinstance(document, dict):
        kept = {k: v for k, v in document.items() if "second" not in k}
        return {k: without_seconds(v) for k, v in kept.items()}
    return [without_seconds(v) for v in document] if isinstance(document, list) else document


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory):
    return run(tmp_path_factory.mktemp("one"), 1)


def test_several_at_a_time_give_what_one_after_the_other_gives(tmp_path, one_by_one):
    assert run(tmp_path, 2) == one_by_one


def killed(folder: str) -> None:
    """A study whose process is killed while its trials train."""

    def tell(progress):
        if progress.done == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    run(Path(folder), 2, tell)


def test_a_study_that_is_killed_goes_on_and_repeats_nothing(tmp_path, one_by_one):
    here = Path(__file__)
    code = f"import {here.stem}; {here.stem}.killed({str(tmp_path)!r})"
    ended = subprocess.run([sys.executable, "-c", code], cwd=here.parent, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("trials/**/rate*.json")}
    assert len(kept) == 5
    assert run(tmp_path, 2) == one_by_one
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_an_interrupt_ends_those_that_train():
    """Of trainings that would take hours."""
    plan = dataclasses.replace(PLAN, training=TrainingConfig(epochs=100_000, batch_size=16))
    train = Training(plan, DATA)
    trials = [Trial(Condition(), arm, 0, 0) for arm in plan.arms]
    interrupt = threading.Timer(5, os.kill, [os.getpid(), signal.SIGINT])
    interrupt.start()
    with pytest.raises(KeyboardInterrupt), Pool(train, 2) as several:
        list(several(trials))
    assert not [each for each in threading.enumerate() if "ThreadPool" in each.name]
