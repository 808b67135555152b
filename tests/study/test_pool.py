"""Trials in several processes: the same results, and a process that is killed loses nothing."""

import dataclasses
import os
import signal
from pathlib import Path

import keras
import numpy as np
import pytest

from tfx_updaters.components import StudyError, TrainingConfig
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.data import Data
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.pool import Pool
from tfx_updaters.components.study.runner import Runner
from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Trials
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


def run(folder: Path, jobs: int, plan: Plan = PLAN) -> dict:
    trials = Trials(folder, plan, DATA.fingerprint)
    with Pool(Training(plan, DATA), jobs) as train:
        return without_seconds(Runner(plan, trials, train).run().to_json())


def without_seconds(document):
    if isinstance(document, dict):
        kept = {k: v for k, v in document.items() if "second" not in k}
        return {k: without_seconds(v) for k, v in kept.items()}
    return [without_seconds(v) for v in document] if isinstance(document, list) else document


def test_several_at_a_time_give_what_one_after_the_other_gives(tmp_path):
    assert run(tmp_path / "two", 2) == run(tmp_path / "one", 1)


def killed_once(shape, flag):
    """A model whose training kills its process, if no other one's did before."""
    flag = Path(flag)
    inputs = keras.Input(shape, name="image")
    outputs = keras.layers.Dense(2, "softmax")(keras.layers.Flatten()(inputs))

    class Model(keras.Model):
        def call(self, inputs, training=None):
            if training and flag.exists():
                flag.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().call(inputs, training=training)

    return Model(inputs, outputs)


def test_a_process_that_is_killed_is_said_and_the_study_goes_on(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    plan = dataclasses.replace(
        PLAN, model_fn=f"{Path(__file__).stem}.killed_once",
        model_args={"shape": (6, 6, 1), "flag": str(tmp_path / "flag")},
    )  # fmt: skip
    (tmp_path / "flag").touch()
    with pytest.raises(StudyError, match=r"was killed; with fewer at a time \(jobs, now 2\)"):
        run(tmp_path / "study", 2, plan)
    assert not (tmp_path / "flag").exists()
    assert run(tmp_path / "study", 2, plan) == run(tmp_path / "one", 1, plan)
