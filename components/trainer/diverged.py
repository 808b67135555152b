"""Stops at the first loss that is not finite, and says where it comes from."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfx_updaters.components.errors import DivergedError


class StopWhenNotFinite(keras.callbacks.Callback):
    """Raises at the first step whose loss is not finite.

    Args:
        batch: step -> what the model was trained with at that step.
        updates: how many updates were done before the step that is looked at.
    """

    def __init__(self, batch: Callable[[int], Any], step: Callable[[], int]):
        super().__init__()
        self.batch = batch
        self.step = step

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Looks at the loss.

        Raises:
            DivergedError: it is not finite; the message has the step, the layer and the norms.
        """
        loss = float((logs or {}).get("loss", 0.0))
        if math.isfinite(loss):
            return
        step = self.step()
        cause = _cause(self.model, self.batch(step))
        raise DivergedError(
            f"training diverged: the loss is {loss} at step {step}; {cause}; "
            f"norms of the weights: {_norms(self.model.trainable_variables)}; "
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
