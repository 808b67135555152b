"""The walk on which an update is compared with its peer: a fixed start, 50 steps, no model.

A gradient is a pull to zero plus noise that is drawn once: an error of one step is felt in all
that follow. The variables are a convolution kernel, a dense kernel, a bias and a scalar, in Keras'
layout (units last).
"""

from collections.abc import Callable, Sequence

import numpy as np

SHAPES = {"conv/kernel": (2, 2, 2, 3), "conv/bias": (3,), "dense/kernel": (4, 2), "head/gain": ()}
STEPS = 50
PULL = 0.3
# How large the noise is by variable: peers differ in what they do with small and large ones.
SPREAD = (1.0, 0.05, 4.0, 0.5)
# In `broken` noise one component is infinite: a single step, then more in a row than are left out.
BROKEN = (5, 20, 21, 22)

Arrays = Sequence[np.ndarray]
Step = Callable[[Arrays], Arrays]


def start() -> list[np.ndarray]:
    """The weights before the first step."""
    rng = np.random.default_rng(0)
    return [np.asarray(rng.normal(size=shape), "float32") for shape in SHAPES.values()]


def noise(broken: bool = False) -> list[list[np.ndarray]]:
    """What is added to the pull, by step and variable."""
    rng = np.random.default_rng(1)
    drift = [rng.normal(size=shape) for shape in SHAPES.values()]
    drawn = [
        [
            np.asarray(s * (0.5 * d + rng.normal(size=d.shape)), "float32")
            for s, d in zip(SPREAD, drift, strict=True)
        ]
        for _ in range(STEPS)
    ]
    for step in BROKEN if broken else ():
        drawn[step][2][0, 0] = np.inf
    return drawn


def walked(step: Step, dtype: str = "float32", broken: bool = False) -> np.ndarray:
    """The weights after each step, flat, in rows.

    Args:
        step: takes the gradients and returns the weights that they lead to.
        dtype: of weights and gradients.
        broken: with infinite gradients at the steps `BROKEN`.
    """
    weights: Arrays = [w.astype(dtype) for w in start()]
    rows = []
    for drawn in noise(broken):
        gradients = [w * np.asarray(PULL, dtype) + n for w, n in zip(weights, drawn, strict=True)]
        weights = [np.asarray(w) for w in step(gradients)]
        rows.append(np.concatenate([np.ravel(w) for w in weights]))
    return np.stack(rows)


def assert_same(ours: np.ndarray, peers: np.ndarray, tolerance: float = 5e-6) -> None:
    """No weight differs by more than `tolerance`; float32 rounds to 6e-8 near 1."""
    np.testing.assert_allclose(ours, peers, rtol=tolerance, atol=tolerance)
