"""The statistics of a step, from the sums that it let out."""

import functools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfx_updaters.components.trainer.dynamics_file import Columns
from tfx_updaters.components.trainer.observation import Observation

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
        self, sums: np.ndarray, seen: dict[str, Any], moved: bool, rate: float | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The values of a step, without the metrics', and which of them there are.

        Args:
            sums: what `Movement.measure` gives.
            seen: what `Observation.read` gives.
            moved: whether the update before is known.
            rate: examples per second, if it is known.
        """
        by_layer, there = self._by_layer(sums, seen, moved)
        loss, examples = seen["loss"]
        step = np.array([loss, seen["rate"], rate or 0.0])
        step_there = [_seen(examples), _seen(seen["rate"]), rate is not None]
        told_there = _seen(seen["gradients"])[self._told_rows] & (self._told_rows >= 0)
        values = [by_layer.ravel(), seen["clipped"], seen["told"], step]
        present = [there.ravel(), _seen(seen["clipped"]), told_there, step_there]
        return np.concatenate(values, dtype=float), np.concatenate(present, dtype=bool)

    def _by_layer(
        self, sums: np.ndarray, seen: dict[str, Any], moved: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """The statistics `BY_LAYER` x variables and the whole model; a quotient by 0 is none."""
        update, weight, last, product = (_with_sum(row.astype(float)) for row in sums)
        gradient, reached = _of_some(seen["gradients"].astype(float))
        momentum, kept = _of_some(seen["momenta"].astype(float))
        everywhere = np.ones_like(reached)
        with np.errstate(all="ignore"):
            values = [
                np.sqrt(gradient),
                np.sqrt(update),
                np.sqrt(weight),
                np.sqrt(update / weight),
                product / np.sqrt(update * last),
                np.sqrt(update / gradient),
                np.sqrt(momentum),
            ]
        present = [
            reached,
            everywhere,
            everywhere,
            weight != 0,
            (update != 0) & (last != 0) & moved,
            reached & (gradient != 0),
            kept,
        ]
        return np.array(values), np.array(present)


def _seen(values: Any) -> Any:
    """Whether there is a value; NaN is one."""
    return ~(np.asarray(values) < 0)


def _with_sum(squares: np.ndarray) -> np.ndarray:
    return np.append(squares, squares.sum())


def _of_some(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """With the sum of those that there are; and which there are."""
    there = _seen(squares)
    return np.append(squares, squares[there].sum()), np.append(there, there.any())


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
