"""Random changes to a batch of images or windows; equal seeds give equal changes."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfx_updaters.components.trainer.config import Augmentation


def changed(
    inputs: Mapping[str, tf.Tensor], how: Augmentation, seed: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Each input after the changes.

    Args:
        inputs: batch x height x width x channels, or batch x time steps x channels, float32.
        how: which changes.
        seed: two integers; the same for all inputs.
    """
    return {name: _changed(values, how, seed) for name, values in inputs.items()}


def _changed(values: Any, how: Augmentation, seed: tf.Tensor) -> Any:
    size: Any = tf.shape(values)[0]
    axes = range(1, values.shape.rank - 1)
    if how.flip and values.shape.rank == 4:
        mirrored = tf.random.stateless_uniform([size], _key(seed, 0)) < 0.5
        values = tf.where(mirrored[:, None, None, None], tf.reverse(values, [2]), values)
    for axis in axes if how.shift else ():
        values = _shifted(values, axis, how.shift, _key(seed, axis))
    if how.scale:
        factor = tf.random.stateless_uniform([size], _key(seed, 3), 1 - how.scale, 1 + how.scale)
        values = values * tf.reshape(factor, [-1] + [1] * (values.shape.rank - 1))
    if how.noise:
        noise = tf.random.stateless_normal(tf.shape(values), _key(seed, 4))
        values = values + how.noise * noise
    return values


def _key(seed: tf.Tensor, use: int) -> tf.Tensor:
    return tf.stack([seed[0] * 8 + use, seed[1]])


def _shifted(values: Any, axis: int, most: int, key: tf.Tensor) -> Any:
    """Each example moved along the axis by up to `most`; the edge is repeated."""
    length = values.shape[axis]
    size: Any = tf.stack([tf.shape(values)[0], 1])
    by = tf.random.stateless_uniform(size, key, -most, most + 1, tf.int32)
    places = tf.clip_by_value(tf.range(length)[None, :] + by, 0, length - 1)
    return tf.gather(values, places, axis=axis, batch_dims=1)
