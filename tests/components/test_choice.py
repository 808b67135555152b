"""What may be passed as an updater: taken, as JSON and back, refused with what is allowed."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from tfx_updaters.components import ArgumentError, updater_from
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.optimizers import ChainedOptimizer, Clip, Schedule, Trace, UpdaterError, get

CHAIN = {"learning_rate": 0.5, "transforms": [{"transform": "clip", "max_abs": 1.0}]}
COSINE = keras.optimizers.schedules.CosineDecay(0.5, 10)
COSINE_BY_NAME = Schedule("CosineDecay", {"initial_learning_rate": 0.5, "decay_steps": 10})
OPTIMIZERS = [
    keras.optimizers.Adam(0.125, clipnorm=1.0),
    keras.optimizers.SGD(COSINE, momentum=0.5),
    ChainedOptimizer(0.125, [Clip(1.0), Trace({"kernel": 0.5, "default": 0.25})], use_ema=True),
    ChainedOptimizer(COSINE_BY_NAME, [Clip(1.0)]),
]


class FakeArgs:
    """What `updater_from` sees of TFX's FnArgs."""

    def __init__(self, custom_config):
        self.custom_config = custom_config


def stepped(optimizer):
    """A kernel after three steps."""
    kernel = keras.Variable(np.linspace(-1, 1, 6).reshape(3, 2), name="kernel")
    for _ in range(3):
        optimizer.apply([keras.ops.convert_to_tensor(kernel) * 3], [kernel])
    return keras.ops.convert_to_numpy(kernel)


@pytest.mark.parametrize("value", [
    "momentum", get("momentum"), {"updater": "momentum"}, '{"updater": "momentum"}',
    ' {"updater": "momentum", "learning_rate": 0.05}', get("momentum").to_json(),
])  # fmt: skip
def test_every_way_to_say_it_is_the_same_choice(value):
    assert Choice.of(value).text == Choice.of("momentum").text
    assert json.loads(Choice.of(value).text) == get("momentum").to_json()


def test_other_values_are_another_choice():
    texts = {Choice.of(get("momentum", momentum=m)).fingerprint for m in (0.5, 0.9)}
    assert len(texts) == 2


@pytest.mark.parametrize("value", ["adam", CHAIN, *OPTIMIZERS])
def test_a_choice_comes_back_from_its_text(value):
    choice = Choice.of(value)
    assert Choice.of(choice.text) == choice
    np.testing.assert_array_equal(
        stepped(choice.optimizer()), stepped(Choice.of(choice.text).optimizer())
    )


@pytest.mark.parametrize("given", OPTIMIZERS)
def test_an_optimizer_comes_back_as_it_was_given(given):
    made = Choice.of(given).optimizer()
    assert type(made) is type(given)
    same = type(given).from_config(given.get_config())
    np.testing.assert_array_equal(stepped(made), stepped(same))


def test_names_that_keras_counts_change_nothing():
    first, second = keras.optimizers.SGD(0.5), keras.optimizers.SGD(0.5)
    assert first.name != second.name
    assert Choice.of(first) == Choice.of(second)


def test_each_optimizer_is_a_new_one_that_is_known_again():
    choice = Choice.of("momentum")
    one, other = choice.optimizer(), choice.optimizer(gradient_accumulation_steps=4)
    assert one is not other and other.gradient_accumulation_steps == 4
    assert choice.made(one) and choice.made(other)
    assert not Choice.of("sgd").made(one)
    assert not choice.made(get("momentum").optimizer())


class Foreign(keras.optimizers.SGD):
    """An optimizer that only this file has."""


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("momentun", "did you mean 'momentum'"),
        ("", "unknown updater ''"),
        ("{", "line 1, column 2"),
        ({"updater": "adam", "beta": 1}, "did you mean 'beta"),
        ({"updater": "adam", "beta1": 2}, "beta1"),
        ({"optimizer": "adam"}, "'updater'"),
        (3, "received 3; an UpdaterConfig, the name"),
        (None, "received None"),
        ({"class_name": "Adem", "config": {}}, r"Adem\(\): no such optimizer"),
        ({"class_name": "Adam", "config": {"rate": 1}}, "rate"),
        ({"class_name": "Adam", "config": 3}, "'updater'"),
        ({"class_name": "Dense", "module": "keras.layers", "config": {"units": 1}}, "Dense"),
        (keras.optimizers.SGD(lambda: 0.5), "lambda"),
        (Foreign(), "Foreign.*may not know"),
        (keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()), "the optimizer inside"),
        (
            keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(keras.optimizers.SGD())),
            "rules by layer",
        ),
    ],
)
def test_what_cannot_be_taken_is_refused(value, message):
    with pytest.raises(UpdaterError, match=message):
        Choice.of(value)


@pytest.mark.parametrize("value", ["adam", CHAIN, json.dumps(CHAIN), Choice.of(OPTIMIZERS[0]).text])
def test_updater_from_makes_what_custom_config_says(value):
    made = updater_from(FakeArgs({"updater": value, "epochs": 3}), gradient_accumulation_steps=2)
    assert made.gradient_accumulation_steps == 2
    same = Choice.of(value).optimizer(gradient_accumulation_steps=2)
    np.testing.assert_array_equal(stepped(made), stepped(same))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "received None; give the Trainer"),
        ({}, "received {}; give the Trainer"),
        ({"updaters": "adam"}, "did you mean 'updaters'?"),
        ("adam", "received 'adam'"),
    ],
)
def test_updater_from_says_what_is_missing(config, message):
    with pytest.raises(ArgumentError) as caught:
        updater_from(FakeArgs(config))
    assert message in str(caught.value)


def test_updater_from_refuses_what_the_node_would():
    with pytest.raises(UpdaterError, match="did you mean 'momentum'"):
        updater_from(FakeArgs({"updater": "momentun"}))


def test_choosing_imports_neither_keras_nor_tfx():
    code = """
import sys
from tfx_updaters.components import updater_from
from tfx_updaters.components.trainer.choice import Choice
Choice.of('{"updater": "momentum"}').fingerprint
print({"keras", "tensorflow", "tfx", "ml_metadata"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
