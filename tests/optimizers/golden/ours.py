"""Walks with our optimizers and Keras' own, on the backend that Keras runs on."""

from collections.abc import Callable
from typing import Any

import chains
import keras
import numpy as np
import walk

from tfx_updaters.optimizers import ChainedOptimizer


def variables() -> list[Any]:
    """Keras variables at the start, at the paths of `walk.SHAPES`."""
    made = []
    for path, value in zip(walk.SHAPES, walk.start(), strict=True):
        layer, name = path.split("/")
        with keras.name_scope(layer):
            made.append(keras.Variable(value, name=name))
    return made


def optimized(optimizer: Any, broken: bool = False) -> np.ndarray:
    """The walk of a Keras optimizer."""
    made = variables()
    optimizer.build(made)
    applied = _compiled(lambda gradients: optimizer.apply(gradients, made))

    def step(gradients: walk.Arrays) -> walk.Arrays:
        applied([keras.ops.convert_to_tensor(g) for g in gradients])
        return [keras.ops.convert_to_numpy(v) for v in made]

    return walk.walked(step, broken=broken)


def _compiled(apply: Callable[[list[Any]], None]) -> Callable[[list[Any]], None]:
    """As a graph on TensorFlow, where it is three times as fast; as it is elsewhere."""
    if keras.backend.backend() != "tensorflow":
        return apply
    import tensorflow as tf

    return tf.function(apply, autograph=False)


def walked(chain: chains.Chain) -> np.ndarray:
    """The walk of a chain."""
    return optimized(ChainedOptimizer(chain.rate, chain.transforms), chain.broken)
