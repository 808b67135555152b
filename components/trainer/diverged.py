"""Stops at the first loss that is not finite, and says where it comes from."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfx_updaters.components.errors import DivergedError


class StopWhenNotFinite(keras.callbacks.Callback):
    """Raises after the first step whose loss is not finite.

    A step's loss is looked at when the next one has begun, as waiting for it would keep the
    devices idle. Nothing is lost: the training step makes no update from such a loss on, and
    `check` is called before anything of the training is kept.

    Args:
        batch: step -> what the model was trained with at that step.
        done: how many steps were done.
    """

    def __init__(self, batch: Callable[[int], Any], done: Callable[[], int]):
        super().__init__()
        self.batch = batch
        self.done = done
        self._last: Any = 0.0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Looks at the loss of the step before."""
        self.check()
        self._last = (logs or {}).get("loss", 0.0)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Looks at the loss of the last step."""
        self.check()

    def check(self) -> None:
        """Looks at the newest loss that is known.

        Raises:
            DivergedError: it is not finite; the message has the step, the layer and the norms.
        """
        if not math.isfinite(loss := float(self._last)):
            step = self.done() - 1
            raise explained(self.model, loss, step, self.batch(step))


def explained(model: Any, loss: float, step: int, data: Any) -> DivergedError:
    """What to raise of a loss that is not finite: the step, the layer and the norms.

    Args:
        model: with the weights before the step.
        loss: what it was.
        step: its number from 0 on.
        data: what the model was trained with at it.
    """
    return DivergedError(
        f"training diverged: the loss is {loss} at step {step}; {_cause(model, data)}; "
        f"norms of the weights: {_norms(model.trainable_variables)}; "
        "try a lower learning_rate, a clip, or skip_not_finite"
    )


def _cause(model: Any, data: Any) -> str:
    """The first layer whose weights or output on this batch are not finite."""
    for variable in model.variables:
        if not _finite([variable]):
            return f"the first weights that are not finite are {variable.path}"
    x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    if not _finite(tf.nest.flatten(x)):
        return "its batch of examples is not finite"
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    for layer, output in zip(layers, _outputs(model, layers, x), strict=True):
        if not _finite(tf.nest.flatten(output)):
            return f"the first output that is not finite is that of layer {layer.name}"
    return "every layer's output is finite, and the loss of them with those labels is not"


def _outputs(model: Any, layers: Iterable[Any], x: Any) -> list[Any]:
    inner = keras.Model(model.inputs, [layer.output for layer in layers])
    return list(inner(x, training=False))


def _finite(values: Iterable[Any]) -> bool:
    floats = (v for v in map(tf.convert_to_tensor, values) if v.dtype.is_floating)
    return all(bool(tf.reduce_all(tf.math.is_finite(value))) for value in floats)


def _norms(variables: Iterable[Any]) -> str:
    lengths = {v.path: float(np.linalg.norm(np.ravel(v))) for v in variables}
    return ", ".join(f"{path} {length:.3g}" for path, length in lengths.items())
