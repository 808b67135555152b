"""The statistics of a step, from the sums that it let out."""

import functools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfx_updaters.components.trainer.dynamics_file import Columns
from tfx_updaters.components.trainer.observation import UNSEEN, Observation, Seen

WHOLE = ""
BY_LAYER = (
    "gradient_norm",
    "update_norm",
    "weight_norm",
    "update_ratio",
    "cosine",
    "effective_rate",
    "momentum_norm",
)
CLIPPED = "clipped"
OF_THE_STEP = ("loss", "learning_rate", "examples_per_second")


class Statistics:
    """Names the statistics of a model's steps, and computes them."""

    def __init__(self, model: keras.Model, observation: Observation):
        self._layers = layers(model, observation.variables)
        self._told_rows = np.array([-1 if row is None else row for row, _ in observation.told], int)
        told = [(WHOLE if r is None else self._layers[r], t) for r, t in observation.told]
        doubled = Counter((layer, t.name) for layer, t in told)
        doubled.update((layer, CLIPPED) for layer in self._layers if observation.clips)
        self._told = [
            (layer, t.name if doubled[layer, t.name] == 1 else f"{t.name}_{t.place}")
            for layer, t in told
        ]

    @functools.cache  # noqa: B019
    def columns(self, metrics: tuple[str, ...]) -> Columns:
        """The layer and the statistic of each value; `metrics` are those that Keras reports."""
        pairs = [
            *((layer, name) for name in BY_LAYER for layer in [*self._layers, WHOLE]),
            *((layer, CLIPPED) for layer in self._layers),
            *self._told,
            *((WHOLE, name) for name in [*OF_THE_STEP, *metrics]),
        ]
        return Columns(*zip(*pairs, strict=True))

    def values(
        self, sums: np.ndarray, seen: Seen, moved: bool, rate: float | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The values of a step, without the metrics', and which of them there are.

        Args:
            sums: what `Movement.measure` gives.
            seen: what the step let out.
            moved: whether the update before is known.
            rate: examples per second, if it is known.
        """
        by_layer, there = _by_layer(sums, seen, moved)
        reached = there[0, :-1]
        told_there = reached[self._told_rows] & (self._told_rows >= 0)
        step = [seen.loss, seen.rate, rate or 0.0]
        step_there = [_seen(seen.examples), _seen(seen.rate), rate is not None]
        values = [by_layer.ravel(), seen.clipped, seen.told, step]
        present = [there.ravel(), _seen(seen.clipped), told_there, step_there]
        return np.concatenate(values), np.concatenate(present)


def _by_layer(sums: np.ndarray, seen: Seen, moved: bool) -> tuple[np.ndarray, np.ndarray]:
    """The statistics `BY_LAYER` x variables and the whole model; a quotient by 0 is none."""
    squares = np.array([seen.gradients, seen.momenta, *sums], float)
    there = np.empty((2, squares.shape[1] + 1), bool)
    there[:, :-1] = _seen(squares[:2])
    there[:, -1] = there[:, :-1].any(1)
    squares[:2][~there[:, :-1]] = 0.0
    squares = np.concatenate([squares, squares.sum(1, keepdims=True)], 1)
    gradient, _, weight, update, last, product = squares
    everywhere = np.ones_like(there[0])
    with np.errstate(all="ignore"):
        roots = np.sqrt(squares[:5])
        quotients = roots[3] / roots[[2, 0]]
        values = [
            *roots[[0, 3, 2]],
            quotients[0],
            product / (roots[3] * roots[4]),
            quotients[1],
            roots[1],
        ]
    present = [
        there[0],
        everywhere,
        everywhere,
        weight != 0,
        (update != 0) & (last != 0) & moved,
        there[0] & (gradient != 0),
        there[1],
    ]
    return np.array(values), np.array(present)


def _seen(values: Any) -> Any:
    """Whether there is a value; NaN is one."""
    return ~(values < UNSEEN / 2)


def layers(model: keras.Model, variables: Sequence[Any]) -> list[str]:
    """The variables' paths without the model's own name, as `conv1/kernel`; each once.

    Keras numbers models that have no name: the same training would have another path the second
    time.
    """
    paths = [v.path.removeprefix(f"{model.name}/") for v in variables]
    counts: Counter[str] = Counter()
    for place, path in enumerate(paths):
        counts[path] += 1
        if counts[path] > 1:
            paths[place] = f"{path}_{counts[path]}"
    return paths
