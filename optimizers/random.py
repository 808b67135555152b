"""Noise that depends on a seed, a step and a place alone, without a generator's state."""

import math
import zlib
from typing import Any

import keras

LOWEST = 1e-7


class _Place(keras.random.SeedGenerator):
    """A seed computed from a step: what Keras asks a generator for."""

    def __init__(self, first: int, step: Any):
        self._pair = first, step

    def next(self, ordered: bool = True) -> Any:
        """The two halves of the seed."""
        first, step = self._pair
        dtype = keras.src.backend.random_seed_dtype()
        step = keras.ops.cast(step, dtype)
        return keras.ops.stack([keras.ops.convert_to_tensor(first, dtype), step])


def normal(shape: Any, seed: int, step: Any, place: int) -> Any:
    """Standard normal noise in float32; equal for equal seed, step and place.

    Uniform numbers through the inverse of the distribution; none is further out than 5.2
    deviations. TensorFlow's own generators give other numbers with XLA than without, so there
    the uniform numbers are hashes.
    """
    first = zlib.crc32(f"{seed}/{place}".encode()) & 0x7FFFFFFF
    uniform = _hashed if keras.backend.backend() == "tensorflow" else _keras
    number: Any = keras.ops.maximum(uniform(shape, first, step), LOWEST)
    deviate: Any = keras.ops.erfinv(2 * number - 1)
    return deviate * 2**0.5


def _keras(shape: Any, first: int, step: Any) -> Any:
    return keras.random.uniform(shape, dtype="float32", seed=_Place(first, step))


def _hashed(shape: Any, first: int, step: Any) -> Any:
    """A number in 0..1 for each place: the finalizer of MurmurHash3 (A. Appleby 2011) on counters.

    Two rounds, the seed and the step mixed in between them.
    """
    import tensorflow as tf

    count = tf.cast(tf.range(math.prod(shape), dtype=tf.int64), tf.uint32)
    place = _murmur(tf.bitwise.bitwise_xor(count, tf.constant(first, tf.uint32)))
    mixed = _murmur(place + _murmur(tf.cast(step, tf.uint32)))
    bits = tf.bitwise.right_shift(mixed, tf.constant(8, tf.uint32))
    return tf.reshape(tf.cast(bits, tf.float32), shape) * 2.0**-24


def _murmur(x: Any) -> Any:
    import tensorflow as tf

    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        x = tf.bitwise.bitwise_xor(
            x, tf.bitwise.right_shift(x, tf.constant(shift, tf.uint32))
        ) * tf.constant(factor, tf.uint32)
    return x
