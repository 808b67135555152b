"""A training in which the chosen updater would not make all updates fails, and says so."""

import contextlib

import keras
import pytest
import tensorflow as tf
from injections import CHOICE, FakeArgs, X, Y, dense, fit

from tfx_updaters.components import InjectionError, updater_from
from tfx_updaters.components.trainer.inject import injected


def loop(optimizer, traced):
    model = dense()

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(X) - Y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    (tf.function(step) if traced else step)()


@pytest.mark.parametrize("traced", [False, True])
def test_a_loop_of_the_users_own_needs_the_updater(traced):
    with injected(CHOICE) as injection:
        loop(updater_from(FakeArgs({"updater": CHOICE.document})), traced)
    assert [(use.model, use.steps) for use in injection.uses] == [(None, 1)]
    with (
        pytest.raises(
            InjectionError, match=r"Adam 'adam.*' took a step beside momentum.*updater_from"
        ),
        injected(CHOICE),
    ):
        loop(keras.optimizers.Adam(), traced)


class Adversarial(keras.Model):
    """A model with a second optimizer, which it gets beside the first."""

    def __init__(self):
        super().__init__()
        self.generator, self.critic = keras.layers.Dense(2), keras.layers.Dense(1)

    def call(self, x):
        return self.critic(self.generator(x))

    def compile(self, second, **keywords):
        super().compile(**keywords)
        self.second = second

    def train_step(self, data):
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_mean(self(data[0]) ** 2)
        for layer, optimizer in ((self.generator, self.optimizer), (self.critic, self.second)):
            gradients = tape.gradient(loss, layer.trainable_variables)
            optimizer.apply_gradients(zip(gradients, layer.trainable_variables, strict=True))
        return {"loss": loss}


def test_a_second_optimizer_is_refused_at_the_first_trace():
    with (
        pytest.raises(InjectionError, match=r"RMSprop 'rm_?sprop.*' took a step"),
        injected(CHOICE),
    ):
        model = Adversarial()
        model.compile(second=keras.optimizers.RMSprop(), optimizer="adam", loss="mse")
        fit(model)
        raise AssertionError("it trained")


def test_a_second_optimizer_that_is_an_updater_is_taken():
    with injected(CHOICE) as injection:
        model = Adversarial()
        second = updater_from(FakeArgs({"updater": CHOICE.document}))
        model.compile(second=second, optimizer="adam", loss="mse")
        fit(model)
    assert [use.steps for use in injection.uses] == [2, 2]


def multi():
    adam, sgd = keras.optimizers.Adam(), keras.optimizers.SGD()
    return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(adam, {"x": sgd}))


def test_several_optimizers_in_one_are_refused():
    with pytest.raises(InjectionError, match=r"dense_model.*MultiOptimizer"), injected(CHOICE):
        dense().compile(multi(), "mse")
        raise AssertionError("it compiled")
    with pytest.raises(InjectionError, match=r"MultiOptimizer 'multi.*' took"), injected(CHOICE):
        loop(multi(), traced=False)


def test_a_refusal_that_the_training_catches_is_raised_in_the_end():
    with pytest.raises(InjectionError, match="took a step"), injected(CHOICE):
        model = dense()
        model.compile("adam", "mse")
        fit(model)
        with contextlib.suppress(InjectionError):
            loop(keras.optimizers.Adam(), traced=False)


def test_a_refusal_that_the_training_wraps_comes_out_as_it_is():
    with pytest.raises(InjectionError, match="took a step"), injected(CHOICE):
        try:
            loop(keras.optimizers.Adam(), traced=False)
        except InjectionError as error:
            raise RuntimeError("training failed") from error


def test_an_optimizer_that_is_set_without_compile_is_refused():
    with pytest.raises(InjectionError, match="Adam"), injected(CHOICE):
        model = dense()
        model.compile("sgd", "mse")
        model.optimizer = keras.optimizers.Adam()
        fit(model)


def test_a_training_without_a_compiled_model_is_refused():
    with pytest.raises(InjectionError, match="no Keras 3 model, so momentum"), injected(CHOICE):
        pass


def test_a_training_without_a_step_is_refused():
    nothing = pytest.raises(InjectionError, match="compiled dense_model and trained none")
    with nothing, injected(CHOICE):
        model = dense()
        model.compile("adam", "mse")
        model.evaluate(X, Y, verbose=0)


def test_the_trainings_own_error_comes_through():
    with pytest.raises(ZeroDivisionError), injected(CHOICE):
        _ = 1 // 0
    with pytest.raises(ValueError, match="adem"), injected(CHOICE):
        dense().compile("adem", "mse")
