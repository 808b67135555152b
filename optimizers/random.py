"""Noise that depends on a seed, a step and a place alone, without a generator's state."""

import zlib
from typing import Any

import keras


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
    """Standard normal noise in float32; equal for equal seed, step and place."""
    first = zlib.crc32(f"{seed}/{place}".encode()) & 0x7FFFFFFF
    return keras.random.normal(shape, dtype="float32", seed=_Place(first, step))
