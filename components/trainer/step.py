"""The training step: no update from a loss that is not finite, and sharpness-aware minimization.

It takes the place of Keras' own in models that have no step of theirs.
"""

from typing import Any

import keras
import tensorflow as tf

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.trainer import devices


def install(model: keras.Model, radius: float | None) -> None:
    """Has `fit` use this module's step, where it can do more than Keras' own.

    Args:
        model: compiled.
        radius: rho of P. Foret et al. (2021), equation 2; None is plain descent.

    Raises:
        ArgumentError: a radius, and a model with a training step of its own.
    """
    if type(model).train_step is not keras.Model.train_step:
        if radius is not None:
            raise ArgumentError(
                f"sam_radius: {model.name} has a train_step of its own; none allowed"
            )
        return
    step = Step(model, radius)
    model.train_step = step
    if devices.workers() > 1:
        # Keras 3.15 takes the mean of the metrics over workers along an axis that they lack.
        test = model.test_step
        model.train_step = lambda data: _with_axis(step(data))
        model.test_step = lambda data: _with_axis(test(data))


def _with_axis(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: tf.expand_dims(value, 0) for name, value in metrics.items()}


class Step:
    """The step of one model.

    Args:
        model: compiled.
        radius: as in `install`.

    Attributes:
        finite: false from the first loss on that is not finite: whoever looks finds the weights
            before it.
    """

    def __init__(self, model: Any, radius: float | None):
        self._model = model
        self._radius = radius
        self.finite = tf.Variable(tf.constant(True), trainable=False)

    def __call__(self, data: Any) -> dict[str, Any]:
        """Updates the weights; the metrics of the epoch so far."""
        model, radius = self._model, self._radius
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        variables = model.trainable_variables
        loss, outputs, gradients = _gradients(model, x, y, weight)
        # As in Keras' own step: the mean over replicas, each with its share of the batch.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        model._loss_tracker.update_state(loss * replicas, sample_weight=_examples(x))
        if radius is not None:
            gradients = _sharp_gradients(model, x, y, weight, gradients, radius)
        _apply(model.optimizer, gradients, variables, loss, self.finite)
        return model.compute_metrics(x, y, outputs, sample_weight=weight)


def _gradients(model: Any, x: Any, y: Any, weight: Any) -> tuple[Any, Any, list[Any]]:
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        loss = model._compute_loss(x=x, y=y, y_pred=outputs, sample_weight=weight, training=True)
        scaled = model.optimizer.scale_loss(loss)
    return loss, outputs, tape.gradient(scaled, [variable.value for variable in variables])


def _sharp_gradients(
    model: Any, x: Any, y: Any, weight: Any, gradients: list[Any], radius: float
) -> list[Any]:
    """The gradients at w + radius * g / |g|, as if they were those at w (algorithm 1).

    Each replica climbs along the gradient of its own share of the batch (section 3, m-sharpness).
    Statistics of normalizations are those of the first pass.
    """
    variables = model.trainable_variables
    length = tf.linalg.global_norm(gradients)
    scale = tf.math.divide_no_nan(tf.constant(radius, length.dtype), length)
    with tf.GradientTape() as tape:
        climbed = [
            v.value if g is None else v.value + scale * tf.cast(g, v.value.dtype)
            for v, g in zip(variables, gradients, strict=True)
        ]
        tape.watch(climbed)
        with keras.StatelessScope(list(zip(variables, climbed, strict=True))):
            outputs = model(x, training=True)
            loss = model._compute_loss(
                x=x, y=y, y_pred=outputs, sample_weight=weight, training=True
            )
        loss = model.optimizer.scale_loss(loss)
    return tape.gradient(loss, climbed)


def _apply(
    optimizer: Any, gradients: list[Any], variables: list[Any], loss: tf.Tensor, finite: tf.Variable
) -> None:
    """The update; on one replica none from the first loss on that is not finite, to explain it.

    An updater that skips steps itself decides alone.
    """
    pairs = list(zip(gradients, variables, strict=True))
    replicated = tf.distribute.get_strategy().num_replicas_in_sync > 1
    if replicated or skips(optimizer):
        optimizer.apply_gradients(pairs)
        return

    def update() -> tf.Tensor:
        optimizer.apply_gradients(pairs)
        return tf.constant(True)

    plain = tf.autograph.experimental.do_not_convert
    finite.assign(tf.logical_and(finite, tf.math.is_finite(loss)))
    tf.cond(finite, plain(update), plain(lambda: tf.constant(False)))


def skips(optimizer: Any) -> bool:
    """Whether the updater makes steps void that are not finite."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return any(transform.vetoes for transform in getattr(inner, "transforms", ()))


def _examples(x: Any) -> tf.Tensor:
    return tf.shape(tf.nest.flatten(x)[0])[0]
