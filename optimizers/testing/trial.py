"""Variables and gradients that are equal each time, and a few steps of an optimizer on them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np

from tfx_updaters.optimizers.chain import ChainedOptimizer
from tfx_updaters.optimizers.transform import Transform
from tfx_updaters.optimizers.updaters import UpdaterConfig

Make = Callable[..., ChainedOptimizer]
SHAPES = {
    "conv/kernel": (2, 2, 1, 3),
    "conv/bias": (3,),
    "head/kernel": (4, 3),
    "temperature/scale": (),
}

RATE = 0.05


def maker(subject: Transform | UpdaterConfig | Sequence[Transform]) -> Make:
    """A function that makes new optimizers of a transform, a chain or an updater."""
    if isinstance(subject, UpdaterConfig):
        return subject.optimizer
    chain = [subject] if isinstance(subject, Transform) else list(subject)
    return lambda **arguments: ChainedOptimizer(arguments.pop("learning_rate", RATE), chain,
                                                **arguments)  # fmt: skip


def variables(dtype: str = "float32", order: Sequence[str] = tuple(SHAPES), **shapes) -> list[Any]:
    """New variables with the paths and shapes of `SHAPES`, equal each time."""
    made = []
    for path in order:
        layer, name = path.split("/")
        value = np.random.default_rng(len(path)).normal(size=shapes.get(name, SHAPES[path]))
        with keras.name_scope(layer):
            made.append(keras.Variable(value.astype("float32"), dtype=dtype, name=name))
    return made


def gradient(variable: Any, step: int) -> np.ndarray:
    """A gradient for the variable at that step, equal each time."""
    seed = [step, *variable.path.encode()]
    return np.random.default_rng(seed).normal(size=variable.shape).astype("float32")


def descend(optimizer: Any, trained: Sequence[Any], steps: Iterable[int]) -> list[np.ndarray]:
    """Applies the gradients of these steps; returns the weights."""
    for step in steps:
        gradients = [tensor(gradient(v, step), v.dtype) for v in trained]
        optimizer.apply(gradients, trained)
    return values(trained)


def values(trained: Sequence[Any]) -> list[np.ndarray]:
    """The variables as arrays of float32."""
    return [np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(v, "float32"))) for v in trained]


def tensor(value: Any, dtype: str = "float32") -> Any:
    return keras.ops.convert_to_tensor(value, dtype)


def equal(ours: Sequence[Any], theirs: Sequence[Any], tolerance: float = 1e-5) -> None:
    """Asserts that two lists of arrays are equal; bit for bit with a tolerance of 0."""
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
