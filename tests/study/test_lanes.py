"""Trials that share what is traced give what each gives alone, and what Keras' `fit` gives."""

import dataclasses
import math
import random

import keras
import numpy as np
import pytest

from tfx_updaters.components import TrainingConfig
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.data import Data
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.pool import Pool
from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Result, Trial
from tfx_updaters.components.trainer import batches, cnn, data, settings
from tfx_updaters.components.trainer.config import Augmentation

CLEAN, OUTLIERS = Condition(), Condition("outliers", 0.2)
LOOKAHEAD = {"learning_rate": 0.05, "transforms": [
    {"transform": "trace", "momentum": 0.9}, {"transform": "lookahead"}]}  # fmt: skip
SCHEDULE = {"schedule": "CosineDecay", "initial_learning_rate": 0.1, "decay_steps": 20}
ARMS = {
    "momentum": Arm("momentum", "momentum"),
    "adam": Arm("adam", "adam"),
    "lookahead": Arm("lookahead", LOOKAHEAD),
    "decayed": Arm("decayed", {"learning_rate": SCHEDULE, "transforms": []}),
    "keras": Arm("keras", keras.optimizers.RMSprop(0.01)),
}  # fmt: skip
# All that has state of its own: dropout, normalization, augmentation.
CONFIG = TrainingConfig(
    epochs=2, batch_size=16, class_weights={0: 2.0}, augmentation=Augmentation(noise=0.1)
)
MODEL = {"shape": [6, 6, 1], "classes": 2, "filters": [4], "dropout": 0.2, "norm": "batch"}
PLAN = Plan(tuple(ARMS.values()), (CLEAN, OUTLIERS), training=CONFIG, model_args=MODEL)


def squares(count: int, seed: int) -> dict[str, np.ndarray]:
    """Noise, that is bright in one of two corners."""
    drawn = np.random.default_rng(seed)
    images = drawn.normal(0, 0.5, (count, 6, 6, 1)).astype("float32")
    labels = drawn.integers(2, size=count)
    for image, label in zip(images, labels, strict=True):
        image[3 * label : 3 * label + 3, :3] += 1
    return {"image": images, "label": labels}


DATA = Data(squares(150, 0), squares(300, 1))


def same(one: Result, other: Result) -> bool:
    """To the bit, but for the time."""
    without = [
        dataclasses.replace(r, curve=[dataclasses.replace(p, seconds=0) for p in r.curve])
        for r in (one, other)
    ]
    return without[0] == without[1]


def alone(trial: Trial, plan: Plan = PLAN) -> Result:
    return Training(plan, DATA).result(trial)


@pytest.fixture(scope="module")
def shared():
    """Trials of all arms in turn, two at a time."""
    trials = [
        *(Trial(CLEAN, arm, 0, seed) for seed in (0, 1) for arm in PLAN.arms),
        *(Trial(OUTLIERS, arm, 1, 2) for arm in PLAN.arms),
        *(Trial(CLEAN, ARMS["momentum"], place, 3) for place in (80, -1, 0)),
    ]
    with Pool(Training(PLAN, DATA), 2) as train:
        return {trial.file: result for trial, result in train(trials)}


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize(("condition", "place", "seed"), [(CLEAN, 0, 1), (OUTLIERS, 1, 2)])
def test_a_trial_gives_what_it_gives_alone(shared, arm, condition, place, seed):
    trial = Trial(condition, ARMS[arm], place, seed)
    found = shared[trial.file]
    assert found.status == "done" and not same(found, shared[Trial(CLEAN, ARMS[arm], 0, 0).file])
    assert same(found, alone(trial))


def test_one_that_diverges_leaves_the_others_alone(shared):
    """One after it in what it was trained with is as if it had not been."""
    trials = [Trial(CLEAN, ARMS["momentum"], place, 3) for place in (80, -1, 0)]
    assert [shared[t.file].status for t in trials] == ["diverged", "done", "done"]
    assert "training diverged: the loss is " in shared[trials[0].file].why
    train = Training(PLAN, DATA)
    for trial in trials:
        assert same(train.result(trial), shared[trial.file])


@pytest.mark.parametrize("arm", ["momentum", "lookahead"])
def test_a_trial_gives_what_fit_gives(shared, arm):
    """Keras' own loop over the data set of the same batches is the peer."""
    config = dataclasses.replace(CONFIG, seed=1)
    arrays, validation = DATA.parts(PLAN.validation, 1)
    with settings.of_process(config):
        made = cnn.image(**MODEL)
        settings.compile_model(made, ARMS[arm].updater.document, config)
    source = data.Features(shapes={"image": (6, 6, 1)}, label="label", classes=2)
    splits = {
        name: data.Split(source, len(each["label"]), each)
        for name, each in (("train", arrays), ("validation", validation), ("test", DATA.test))
    }
    history = made.fit(
        batches.training(splits["train"], config, 0), epochs=2, shuffle=False, verbose=0,
        steps_per_epoch=math.ceil(splits["train"].count / 16),
        validation_data=batches.evaluation(splits["test"]),
    ).history  # fmt: skip
    found = shared[Trial(CLEAN, ARMS[arm], 0, 1).file]
    for metric in ("loss", "accuracy"):
        for at, split in ((metric, "train"), (f"val_{metric}", "test")):
            points = [getattr(point, split)[metric] for point in found.curve[1:]]
            np.testing.assert_allclose(points, history[at], rtol=1e-5)
    final = made.evaluate(batches.evaluation(splits["train"]), verbose=0, return_dict=True)
    assert found.train == pytest.approx(final, rel=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"accumulate": 2, "sam_radius": 0.05},
        {"precision": "mixed_float16"},
        {"jit_compile": True},
    ],
    ids=["accumulate", "half", "compiled"],
)
def test_so_it_is_however_a_step_goes(changes):
    plan = dataclasses.replace(PLAN, training=dataclasses.replace(CONFIG, **changes))
    train = Training(plan, DATA)
    trials = [Trial(CLEAN, ARMS["momentum"], place, seed) for place, seed in ((80, 0), (0, 1))]
    _, second = (train.result(trial) for trial in trials)
    assert second.status == "done" and same(second, alone(trials[1], plan))


class Shift(keras.layers.Layer):
    """A layer that keeps what no variable has."""

    def __init__(self):
        super().__init__()
        self.by = random.random()

    def call(self, inputs):
        return inputs + self.by


def shifted(shape):
    inputs = keras.Input(shape, name="image")
    outputs = keras.layers.Dense(2, "softmax")(Shift()(keras.layers.Flatten()(inputs)))
    return keras.Model(inputs, outputs)


def test_a_layer_of_the_users_may_keep_anything():
    plan = dataclasses.replace(
        PLAN, model_fn=f"{__name__}.shifted", model_args={"shape": (6, 6, 1)}
    )  # fmt: skip
    train = Training(plan, DATA)
    trials = [Trial(CLEAN, ARMS["momentum"], 0, seed) for seed in (0, 1)]
    _, second = (train.result(trial) for trial in trials)
    assert second.status == "done" and same(second, alone(trials[1], plan))
