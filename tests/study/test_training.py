"""Trials that are trained: paired between arms, repeated bit by bit, and never a crash."""

import contextlib
import dataclasses
import signal

import keras
import numpy as np
import pytest

from tfx_updaters.components import DataError, ModelError, TrainingConfig
from tfx_updaters.components.errors import ComponentError
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.data import Data
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Trial
from tfx_updaters.optimizers import UpdaterError


def stripes(count, seed):
    """Images with upright or level stripes, which a small CNN tells apart in a few steps."""
    random = np.random.default_rng(seed)
    labels = random.integers(2, size=count)
    rows = np.indices((6, 6))[labels] % 2
    return {"image": (rows + random.normal(0, 0.3, rows.shape)).astype("float32")[..., None],
            "label": labels}  # fmt: skip


DATA = Data(stripes(200, 0), stripes(60, 1))
ARMS = (Arm("momentum", "momentum"), Arm("clip", "magnitude_clip"))
MODEL = {"shape": [6, 6, 1], "classes": 2, "filters": [4]}
PLAN = Plan(ARMS, model_args=MODEL, training=TrainingConfig(epochs=3, batch_size=16), seeds=2)


@pytest.fixture(scope="module")
def train():
    return Training(PLAN, DATA)


def test_a_trial_learns_and_is_the_same_again(train):
    trial = Trial(Condition(), ARMS[0], 0, 0)
    first, again = train.result(trial), train.result(trial)
    assert first.status == "done"
    assert first.last.test["accuracy"] > 0.9 > first.curve[0].test["accuracy"]
    assert [point.step for point in first.curve] == [0, 10, 20, 30]
    seconds = [point.seconds for point in first.curve]
    assert seconds[0] == 0 and seconds == sorted(seconds)
    for a, b in zip(first.curve, again.curve, strict=True):
        assert dataclasses.replace(a, seconds=0) == dataclasses.replace(b, seconds=0)
    assert first.train == again.train


def test_a_compared_trial_tells_what_its_updates_did_and_is_none_the_worse(train):
    """A trial of the same seed that is not compared is not watched: it gives the same."""
    seen = train.result(Trial(Condition(), ARMS[1], 0, PLAN.final_seeds[0]))
    assert list(seen.dynamics) == ["clipped", "update_ratio", "cosine"]
    for layers in seen.dynamics.values():
        assert list(layers) == ["conv1/kernel", "head/kernel"]
        assert all(len(values) == 3 for values in layers.values())
    assert all(0 < value < 1 for value in seen.dynamics["update_ratio"]["conv1/kernel"])
    assert all(-1 <= value <= 1 for value in seen.dynamics["cosine"]["head/kernel"])
    unseen = Training(dataclasses.replace(PLAN, first_seed=100), DATA).result(
        Trial(Condition(), ARMS[1], 0, PLAN.final_seeds[0])
    )
    assert unseen.dynamics == {} and unseen.train == seen.train
    for a, b in zip(seen.curve, unseen.curve, strict=True):
        assert dataclasses.replace(a, seconds=0) == dataclasses.replace(b, seconds=0)


def test_the_accuracy_by_class_is_that_of_the_test_split(train):
    """Weighted with the number of examples, they make the accuracy that Keras measured."""
    found = train.result(Trial(Condition(), ARMS[0], -3, 1))
    counts = np.bincount(DATA.test["label"], minlength=2)
    mean = np.average(found.classes, weights=counts)
    assert mean == pytest.approx(found.last.test["accuracy"], abs=1e-6)
    assert found.classes[0] != found.classes[1]


def test_a_class_without_examples_has_no_accuracy():
    plan = dataclasses.replace(PLAN, model_args={**MODEL, "classes": 3})
    found = Training(plan, DATA).result(Trial(Condition(), ARMS[0], 0, 0))
    assert len(found.classes) == 3 and found.classes[2] is None


def test_arms_share_splits_and_initial_weights_and_seeds_do_not(train):
    starts = [
        train.result(Trial(Condition(), arm, 0, seed)).curve[0] for arm in ARMS for seed in (0, 1)
    ]
    assert starts[0] == starts[2] and starts[1] == starts[3]
    assert starts[0] != starts[1]


def test_arms_share_the_order_of_batches():
    """The same chain under two names does the same to the bit."""
    plan = dataclasses.replace(PLAN, arms=(Arm("a", "sgd"), ARMS[0]))
    same = Arm("b", {"learning_rate": Arm("c", "sgd").updater.document["learning_rate"],
                     "transforms": []})  # fmt: skip
    train = Training(plan, DATA)
    first, second = (train.result(Trial(Condition(), arm, 0, 0)) for arm in (plan.arms[0], same))
    assert first.train == second.train


def test_a_place_in_the_grid_is_a_rate(train):
    own, higher = (train.result(Trial(Condition(), ARMS[0], place, 0)) for place in (0, -2))
    assert own.curve[0] == higher.curve[0]
    assert own.last.train["loss"] < higher.last.train["loss"]


def test_only_what_is_trained_on_is_under_the_condition(train):
    clean, noisy = (
        train.result(Trial(c, ARMS[0], 0, 0)) for c in (Condition(), Condition("outliers", 1))
    )
    assert clean.curve[0].validation == noisy.curve[0].validation
    assert clean.curve[0].test == noisy.curve[0].test
    assert clean.curve[1].train != noisy.curve[1].train


def test_a_rate_that_is_far_too_high_diverges(train):
    found = train.result(Trial(Condition(), ARMS[0], 12, 0))
    assert found.status == "diverged"
    assert "loss" in found.why
    assert found.last.step == 0


def broken(shape):
    """A model whose first step raises."""
    inputs = keras.Input(shape, name="image")
    outputs = keras.layers.Dense(2, "softmax")(keras.layers.Flatten()(inputs))

    class Model(keras.Model):
        def call(self, inputs, training=None):
            if training:
                raise RuntimeError("no such luck")
            return super().call(inputs, training=training)

    return Model(inputs, outputs)


def test_what_a_training_raises_is_a_result():
    plan = dataclasses.replace(
        PLAN, model_fn=f"{__name__}.broken", model_args={"shape": (6, 6, 1)}
    )  # fmt: skip
    found = Training(plan, DATA).result(Trial(Condition(), ARMS[0], 0, 0))
    assert found.status == "failed" and found.last is None
    assert "RuntimeError" in found.why


def interrupted(shape):
    """A model during whose first step Ctrl-C comes, which is swallowed as TensorFlow may do it."""
    inputs = keras.Input(shape, name="image")
    outputs = keras.layers.Dense(2, "softmax")(keras.layers.Flatten()(inputs))

    class Model(keras.Model):
        def call(self, inputs, training=None):
            with contextlib.suppress(KeyboardInterrupt):
                if training:
                    signal.raise_signal(signal.SIGINT)
            return super().call(inputs, training=training)

    return Model(inputs, outputs)


def test_an_interrupt_is_no_result():
    plan = dataclasses.replace(
        PLAN, model_fn=f"{__name__}.interrupted", model_args={"shape": (6, 6, 1)}
    )  # fmt: skip
    train, before = Training(plan, DATA), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train.result(Trial(Condition(), ARMS[0], 0, 0))
    assert signal.getsignal(signal.SIGINT) is before


RULE = {"updater": "per_layer_momentum", "layer_momentum_coefs": {"conv9": 0.5, "default": 0.9}}


@pytest.mark.parametrize(
    ("changes", "error", "expected"),
    [
        ({"arms": (ARMS[0], Arm("rule", RULE))}, UpdaterError, "conv9"),
        ({"model_args": {**MODEL, "shape": [8, 8, 1]}}, ModelError, "takes image .*8, 8"),
        ({"model_args": {**MODEL, "classes": 1}}, ModelError, "outputs"),
        ({"model_args": {**MODEL, "feature": "picture"}}, ModelError, "picture"),
        ({"conditions": [Condition("drift", 0.01)]}, ComponentError, "drift"),
        ({"training": TrainingConfig(epochs=1, metrics=["accuracy", "acuracy"])}, ComponentError,
         "acuracy"),
        ({"validation": 0.001}, DataError, "validate"),
    ],
    ids=["rule", "shape", "classes", "input", "condition", "metric", "validation"],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_any_training(changes, error, expected):
    with pytest.raises(error, match=expected):
        Training(dataclasses.replace(PLAN, **changes), DATA)


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        ({"image": np.zeros((3, 2))}, "no label"),
        ({"image": np.zeros((3, 2)), "label": np.zeros(2, int)}, r"\[2, 3\]"),
        ({"image": np.zeros((0, 2)), "label": np.zeros(0, int)}, r"\[0\]"),
        ({"image": np.zeros((2, 2)), "label": np.zeros(2)}, "float64"),
        ({"image": np.zeros((2, 2)), "label": np.array([0, -1])}, "from 0 on"),
        ({"picture": np.zeros((2, 2)), "label": np.zeros(2, int)}, "test has"),
    ],
    ids=["no label", "counts", "empty", "no whole numbers", "negative", "other features"],
)
def test_data_that_cannot_be_used_are_refused(train, expected):
    with pytest.raises(DataError, match=expected):
        Data(train, {"image": np.zeros((2, 2)), "label": np.zeros(2, int)})


def test_the_fingerprint_is_that_of_all_values():
    other = {**DATA.test, "image": DATA.test["image"] + np.float32(0)}
    assert Data(DATA.train, other).fingerprint == DATA.fingerprint
    other["image"][3, 2, 1] += 1
    assert Data(DATA.train, other).fingerprint != DATA.fingerprint
