"""A model whose steps were traced once, and that trains one trial after the other with them."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfx_updaters.components.errors import DivergedError
from tfx_updaters.components.study.layers import Layers
from tfx_updaters.components.trainer import batches, diverged, step
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.components.trainer.data import Features
from tfx_updaters.components.trainer.train_function import Look

NUMBER = tf.TensorSpec([], tf.int64)
Tensors = Mapping[str, tf.Tensor]


class Lane:
    """A compiled model, and its steps as TensorFlow graphs that run many of them in a call.

    A step is what Keras' `fit` does on the batches of `batches.training`, and gives the same.

    Args:
        model: compiled, with a built optimizer.
        source: what is taken from examples.
        config: of the training; its seed does not count.
        examples: examples x shape by feature: any number of these.

    Attributes:
        model: with the state of the trial that trains.
    """

    def __init__(self, model: Any, source: Features, config: TrainingConfig, examples: Tensors):
        self.model = model
        self._size = batches.micro(config)
        self._batch = batches.maker(source, config)
        specs = {k: tf.TensorSpec([None, *v.shape[1:]], v.dtype) for k, v in examples.items()}
        self._stops = not step.skips(model.optimizer)
        self._traced = lambda: _step(model, self._chosen, specs, config.jit_compile)
        self._layers: Layers | None = None
        self._train = _training(self._traced(), self._stops, specs)
        self._evaluate = _evaluation(model, source, specs)
        # Without a step: what TensorFlow does to a graph before its first run is no training.
        self._train(examples, *_numbers(0, 0, 0))

    def load(self, model: Any) -> None:
        """Takes over the state of a model that was made as this one, of its updater too."""
        for mine, other in zip(_state(self.model), _state(model), strict=True):
            mine.assign(other)
        self.model.train_step.finite.assign(True)

    def train(self, examples: Tensors, seed: int, first: int, last: int) -> dict[str, float]:
        """Trains with the batches `first` .. `last - 1`.

        Returns:
            Loss and metrics since they were reset.

        Raises:
            DivergedError: a loss is not finite, and the updater does not skip such steps.
        """
        done, finite, logs = self._train(examples, *_numbers(seed, first, last))
        if not finite:
            raise self._diverged(examples, seed, int(done) - 1, logs)
        return _floats(logs)

    def layers(self, updates: int) -> Layers:
        """What says what the last of so many updates did, ready for a training's beginning."""
        if self._layers is None:
            self._layers = Layers(self.model, updates, self._traced)
        self._layers.begin()
        return self._layers

    def one(
        self, layers: Layers, look: Look, examples: Tensors, seed: int, at: int
    ) -> dict[str, float]:
        """Trains with the batch `at` alone, as `train` does, and has `layers` look at it."""
        if look is Look.ALL:
            logs = layers.watched(examples, *_numbers(seed, at))
            if self._stops and not np.isfinite(logs.get("loss", 0.0)):
                raise self._diverged(examples, seed, at, logs)
            logs = _floats(logs)
        else:
            logs = self.train(examples, seed, at, at + 1)
        layers.after(look, logs)
        return logs

    def evaluate(self, examples: Tensors) -> dict[str, float]:
        """Loss and metrics on examples."""
        self.model.reset_metrics()
        return _floats(self._evaluate(examples))

    def _diverged(self, examples: Tensors, seed: int, at: int, logs: Any) -> DivergedError:
        data = self._chosen(examples, *_numbers(seed, at))
        return diverged.explained(self.model, float(logs["loss"]), at, data)

    def _chosen(self, examples: Tensors, seed: tf.Tensor, at: tf.Tensor) -> tuple:
        return self._batch(batches.chosen(examples, seed, at, self._size), seed, at)


def lasting(model: Any) -> bool:
    """Whether a model is its layers' configuration and variables, and so can take over others.

    So it is if all is Keras' own; a function or a layer of the user may keep anything.
    """
    own = all(type(layer).__module__.startswith("keras.") for layer in model._flatten_layers())
    functions = any(isinstance(layer, keras.layers.Lambda) for layer in model._flatten_layers())
    return own and not functions


def _state(model: Any) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def _step(model: Any, chosen: Callable[..., tuple], specs: Any, compiled: bool) -> Any:
    """(examples, seed, number of the batch) -> metrics; traced anew."""
    update = model.train_step
    if compiled:
        update = tf.function(update, jit_compile=True, autograph=False)
    return _graph(lambda *at: update(chosen(*at)), specs, NUMBER, NUMBER)


def _training(one: Any, stops: bool, specs: Any) -> Any:
    """(examples, seed, first, last) -> (steps done, whether the loss is finite, metrics).

    It ends at a loss that is not finite, if it `stops` there.
    """

    def several(examples: Tensors, seed: Any, first: Any, last: Any) -> Any:
        def body(at: Any, finite: Any, logs: Any) -> Any:
            logs = one(examples, seed, at)
            ends = stops and "loss" in logs
            return at + 1, tf.math.is_finite(logs["loss"]) if ends else finite, logs

        return tf.while_loop(
            lambda at, finite, logs: tf.logical_and(at < last, finite),
            body, (first, tf.constant(True), _zeros(one)),
        )  # fmt: skip

    return _graph(several, specs, NUMBER, NUMBER, NUMBER)


def _evaluation(model: Any, source: Features, specs: Any) -> Any:
    """examples -> metrics."""

    def judged(examples: Tensors, first: Any) -> Any:
        part = {k: v[first : first + batches.EVALUATION_BATCH] for k, v in examples.items()}
        return model.test_step(batches.judged(source, part))

    one = _graph(judged, specs, NUMBER)

    def whole(examples: Tensors) -> Any:
        count = tf.shape(examples[source.label], tf.int64)[0]
        _, logs = tf.while_loop(
            lambda first, logs: first < count,
            lambda first, logs: (first + batches.EVALUATION_BATCH, one(examples, first)),
            (tf.constant(0, tf.int64), _zeros(one)),
        )  # fmt: skip
        return logs

    return _graph(whole, specs)


def _graph(function: Callable[..., Any], *specs: Any) -> Any:
    return tf.function(function, autograph=False).get_concrete_function(*specs)


def _zeros(graph: Any) -> Any:
    """What a graph returns, as zeros."""
    return tf.nest.map_structure(lambda t: tf.zeros(t.shape, t.dtype), graph.structured_outputs)


def _numbers(*values: int) -> list[tf.Tensor]:
    return [tf.constant(value, tf.int64) for value in values]


def _floats(logs: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in logs.items()}
