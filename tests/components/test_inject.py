"""Whatever a training compiles with, the chosen updater makes the updates."""

import json
import logging

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from injections import CHOICE, FakeArgs, X, Y, by_hand, dense, fit

from tfx_updaters.components import updater_from
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.components.trainer.inject import injected
from tfx_updaters.optimizers import ChainedOptimizer, Clip, Trace


class Overriding(keras.Sequential):
    """A model that has a `compile` of its own, with an argument more."""

    def compile(self, optimizer, loss, weight=1.0, **keywords):
        self.weight = weight
        super().compile(optimizer=optimizer, loss=loss, **keywords)


def overriding():
    keras.utils.set_random_seed(0)
    return Overriding([keras.Input((2,)), keras.layers.Dense(1)])


WAYS = {
    "an object": lambda m: m.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse"),
    "positional": lambda m: m.compile(keras.optimizers.Adam(0.1), "mse"),
    "a string": lambda m: m.compile("adam", "mse"),
    "a dictionary": lambda m: m.compile({"class_name": "adam", "config": {}}, "mse"),
    "the default": lambda m: m.compile(loss="mse"),
    "None": lambda m: m.compile(optimizer=None, loss="mse"),
}


# The `compile` that is overridden has no default.
MADE = [(dense, way) for way in WAYS] + [(overriding, way) for way in WAYS if way != "the default"]


@pytest.mark.parametrize(("make", "way"), MADE)
def test_whatever_is_compiled_with_is_replaced(make, way):
    with injected(CHOICE) as injection:
        model = make()
        WAYS[way](model)
        weights = fit(model)
    np.testing.assert_array_equal(weights, by_hand())
    assert isinstance(model.optimizer, ChainedOptimizer)
    assert [use.steps for use in injection.uses] == [2]


def test_a_compiled_model_that_is_loaded_starts_afresh(tmp_path):
    """SGD with momentum has as many variables: its rate and its velocity must not come in."""
    saved = dense()
    saved.compile(keras.optimizers.SGD(0.001, momentum=0.9), keras.losses.MeanSquaredError())
    fit(saved, epochs=0)
    saved.optimizer.build(saved.trainable_variables)
    for variable in saved.optimizer.variables[2:]:
        variable.assign(variable + 7.0)
    saved.save(tmp_path / "model.keras")
    with injected(CHOICE) as injection:
        model = keras.models.load_model(tmp_path / "model.keras")
        weights = fit(model)
    np.testing.assert_array_equal(weights, by_hand())
    assert json.loads(injection.properties()["updater_replaced"])[0]["optimizer"] == "SGD"


def trained_chain(path, momentum):
    model = dense()
    model.compile(ChainedOptimizer(0.125, [Trace(momentum)]), keras.losses.MeanSquaredError())
    fit(model)
    model.save(path)
    return model


def test_state_of_the_same_chain_goes_on_at_the_chosen_rate(tmp_path):
    saved = trained_chain(tmp_path / "model.keras", 0.5)
    with injected(CHOICE):
        model = keras.models.load_model(tmp_path / "model.keras")
        velocity = model.optimizer.variables[2]
        np.testing.assert_array_equal(velocity, saved.optimizer.variables[2])
        assert float(model.optimizer.learning_rate) == 0.25
        fit(model)


def test_state_of_another_chain_does_not_come_in(tmp_path):
    trained_chain(tmp_path / "model.keras", 0.9)
    with injected(CHOICE):
        model = keras.models.load_model(tmp_path / "model.keras")
        assert not np.any(model.optimizer.variables[2])
        fit(model)


def test_loading_weights_leaves_the_updater_alone(tmp_path):
    pretrained = dense()
    pretrained.compile(keras.optimizers.SGD(0.001, momentum=0.9), "mse")
    fit(pretrained)
    pretrained.save_weights(tmp_path / "model.weights.h5")
    with injected(CHOICE):
        model = dense()
        model.compile(keras.optimizers.SGD(0.001, momentum=0.9), "mse")
        model.optimizer.build(model.trainable_variables)
        model.load_weights(tmp_path / "model.weights.h5")
        assert float(model.optimizer.learning_rate) == 0.25
        assert not np.any(model.optimizer.variables[2])
        fit(model)


def test_clones_are_replaced_too():
    with injected(CHOICE) as injection:
        model = dense("first")
        model.compile("adam", "mse")
        clone = keras.models.clone_model(model)
        assert clone.optimizer is not model.optimizer
        fit(clone)
    assert [use.steps for use in injection.uses] == [0, 2]


def test_a_model_in_a_strategy_gets_its_updater_there():
    strategy = tf.distribute.MirroredStrategy()
    with injected(CHOICE) as injection:
        with strategy.scope():
            model = dense()
        model.compile(keras.optimizers.Adam(0.1), "mse")
        weights = fit(model)
    assert model.optimizer._distribution_strategy is strategy
    np.testing.assert_allclose(weights, by_hand(), rtol=1e-6)
    assert [use.steps for use in injection.uses] == [2]


def test_a_model_of_hyperparameters_is_replaced():
    def build(hp):
        model = dense()
        rate = hp.Choice("learning_rate", [0.1, 0.01])
        model.compile(keras.optimizers.Adam(rate), "mse")
        return model

    found = keras_tuner.HyperParameters()
    build(found)
    with injected(CHOICE) as injection:
        fit(build(keras_tuner.HyperParameters.from_config(found.get_config())))
    assert injection.uses[0].config["learning_rate"] == pytest.approx(0.1)


def test_a_search_in_the_training_is_replaced(tmp_path):
    def build(hp):
        model = dense()
        model.compile(keras.optimizers.Adam(hp.Choice("learning_rate", [0.1, 0.01])), "mse")
        return model

    with injected(CHOICE) as injection:
        tuner = keras_tuner.RandomSearch(build, "loss", max_trials=2, directory=tmp_path)
        tuner.search(X, Y, epochs=1, verbose=0)
        fit(tuner.get_best_models()[0])
    assert {use.optimizer for use in injection.uses} == {"Adam"}


def test_compiling_anew_starts_anew_as_keras_does():
    """Fine tuning: freeze, train, thaw, compile with another optimizer, train."""
    with injected(CHOICE) as injection:
        model = dense()
        model.compile(keras.optimizers.Adam(0.1), "mse")
        fit(model)
        model.compile(keras.optimizers.Adam(0.01), "mse")
        fit(model)
    assert [use.steps for use in injection.uses] == [2, 2]


@pytest.mark.parametrize(
    "again", [lambda model, given: given, lambda model, given: model.optimizer]
)
def test_compiling_again_with_the_same_optimizer_goes_on(again):
    given = keras.optimizers.Adam(0.1)
    with injected(CHOICE) as injection:
        model = dense()
        model.compile(given, "mse")
        fit(model)
        model.compile(again(model, given), "mse")
        weights = fit(model)
    np.testing.assert_array_equal(weights, by_hand(epochs=2))
    assert [use.steps for use in injection.uses] == [4]


def test_each_of_several_models_has_its_own():
    with injected(CHOICE) as injection:
        for name in ("teacher", "student"):
            model = dense(name)
            model.compile("sgd", "mse")
            fit(model)
    assert [(use.model, use.optimizer, use.steps) for use in injection.uses] == [
        ("teacher", "SGD", 2),
        ("student", "SGD", 2),
    ]


def test_loss_scaling_stays():
    with injected(CHOICE) as injection:
        model = dense()
        given = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1), 4.0, 77)
        model.compile(given, "mse")
        weights = fit(model)
    assert (model.optimizer.initial_scale, model.optimizer.dynamic_growth_steps) == (4.0, 77)
    assert isinstance(model.optimizer.inner_optimizer, ChainedOptimizer)
    np.testing.assert_allclose(weights, by_hand(), rtol=1e-6)
    assert [(use.optimizer, use.steps) for use in injection.uses] == [("Adam", 2)]


def test_half_precision_trains():
    with injected(CHOICE):
        inputs = keras.Input((2,))
        outputs = keras.layers.Dense(1, dtype="mixed_float16")(inputs)
        model = keras.Model(inputs, outputs)
        model.dtype_policy = keras.DTypePolicy("mixed_float16")
        model.compile("adam", "mse")
        assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
        before = model.get_weights()[0]
        assert np.any(fit(model) != before)


def test_what_is_about_batches_stays_and_what_is_an_update_goes(caplog):
    caplog.set_level(logging.INFO, "tfx_updaters")
    given = keras.optimizers.AdamW(
        0.1, weight_decay=0.3, clipnorm=1.5, use_ema=True,
        gradient_accumulation_steps=2, loss_scale_factor=8.0,
    )  # fmt: skip
    with injected(CHOICE) as injection:
        model = dense()
        model.compile(given, "mse")
        fit(model)
    made = model.optimizer
    assert (made.gradient_accumulation_steps, made.loss_scale_factor) == (2, 8.0)
    assert (made.weight_decay, made.clipnorm, made.use_ema) == (None, None, False)
    assert [use.steps for use in injection.uses] == [1], "two batches make a step"
    (line,) = [r.getMessage() for r in caplog.records if r.name.endswith("inject")]
    for part in (
        "model 'dense_model' trains with momentum (trace(momentum=0.5) -> learning rate 0.25)",
        "AdamW(learning_rate=0.1, weight_decay=0.3",
        "gradient_accumulation_steps=2 is kept", "loss_scale_factor=8.0 is kept",
        "weight_decay=0.3 goes with it", "clipnorm=1.5 goes with it", "use_ema=True goes with it",
    ):  # fmt: skip
        assert part in line


def test_what_was_replaced_is_told():
    with injected(CHOICE) as injection:
        model = dense()
        rate = keras.optimizers.schedules.CosineDecay(0.5, 10)
        model.compile(keras.optimizers.SGD(rate, gradient_accumulation_steps=2), "mse")
        fit(model)
    told = injection.properties()
    assert Choice.of(told["updater"]) == CHOICE
    assert told["updater_fingerprint"] == CHOICE.fingerprint
    assert told["updater_steps"] == 1
    (use,) = json.loads(told["updater_replaced"])
    assert use["config"]["learning_rate"]["class_name"] == "CosineDecay"
    assert {k: use[k] for k in ("model", "optimizer", "kept", "steps")} == {
        "model": "dense_model",
        "optimizer": "SGD",
        "kept": {"gradient_accumulation_steps": 2},
        "steps": 1,
    }


@pytest.mark.parametrize(
    "chosen", [keras.optimizers.Adam(0.01), ChainedOptimizer(0.1, [Clip(1.0)], use_ema=True)]
)
def test_an_optimizer_of_keras_can_be_chosen(chosen):
    reference = dense()
    reference.compile(type(chosen).from_config(chosen.get_config()), "mse")
    expected = fit(reference)
    with injected(Choice.of(chosen)):
        model = dense()
        model.compile("sgd", "mse")
        weights = fit(model)
    np.testing.assert_array_equal(weights, expected)


def test_an_updater_made_by_hand_is_left_as_it_is():
    args = FakeArgs({"updater": CHOICE.document})
    with injected(CHOICE) as injection:
        model = dense()
        mine = updater_from(args, use_ema=True)
        model.compile(mine, "mse")
        fit(model)
    assert model.optimizer is mine
    assert [(use.model, use.optimizer) for use in injection.uses] == [("dense_model", None)]


def test_each_fit_gets_the_callbacks_besides_its_own():
    seen = []
    ours = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append("ours"))
    own = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append("own"))
    with injected(CHOICE, callbacks=[ours]):
        for given in ([own], own, None):
            model = dense()
            model.compile("adam", "mse")
            model.fit(X, Y, epochs=1, verbose=0, callbacks=given)
    assert seen == ["own", "ours", "own", "ours", "ours"]


@pytest.mark.parametrize("error", [None, KeyError])
def test_keras_is_as_before_when_it_ends(error):
    methods = [
        (keras.Model, "compile"), (keras.Model, "fit"), (keras.Optimizer, "apply"),
        (keras.Optimizer, "apply_gradients"), (keras.Optimizer, "load_own_variables"),
        (ChainedOptimizer, "load_own_variables"),
    ]  # fmt: skip
    before = [getattr(cls, name) for cls, name in methods]
    try:
        with injected(CHOICE):
            model = dense()
            model.compile("adam", "mse")
            fit(model)
            if error:
                raise error
    except KeyError:
        pass
    assert [getattr(cls, name) for cls, name in methods] == before
    model = dense()
    model.compile("adam", "mse")
    assert type(model.optimizer) is keras.optimizers.Adam
    fit(model)


def test_trainings_in_turn_have_their_own_updaters():
    other = Choice.of("sgd")
    for choice in (CHOICE, other, CHOICE):
        with injected(choice) as injection:
            model = dense()
            model.compile("adam", "mse")
            fit(model)
        assert injection.properties()["updater"] == choice.text
    np.testing.assert_array_equal(model.get_weights()[0], by_hand())
