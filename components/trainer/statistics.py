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
        self, sums: np.ndarray, seen: Seen, known: np.ndarray, pace: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The values of steps, without the metrics', and which of them there are.

        Args:
            sums: what `Movement.measure` gives, along steps.
            seen: what the steps let out.
            known: of each step, whether the update before is.
            pace: batches per second; NaN where it is not known.

        Returns:
            Two arrays of steps x columns.
        """
        by_layer, there = _by_layer(sums, seen, known)
        reached = there[:, 0, :-1]
        told_there = reached[:, self._told_rows] & (self._told_rows >= 0)
        step = np.stack([seen.loss, seen.rate, seen.examples * pace], 1)
        looked = _seen(np.stack([seen.examples, seen.rate, seen.examples], 1))
        looked[:, 2] &= ~np.isnan(pace)
        values = [_flat(by_layer), seen.clipped, seen.told, step]
        present = [_flat(there), _seen(seen.clipped), told_there, looked]
        return np.concatenate(values, 1), np.concatenate(present, 1)


def _by_layer(sums: np.ndarray, seen: Seen, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps x `BY_LAYER` x variables and the whole model; a quotient by 0 is none."""
    gradient, reached = _of_some(seen.gradients)
    momentum, kept = _of_some(seen.momenta)
    weight, update, last, product = (
        np.append(s, s.sum(1, keepdims=True), 1) for s in sums.astype(float).transpose(1, 0, 2)
    )
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
        (update != 0) & (last != 0) & known[:, None],
        reached & (gradient != 0),
        kept,
    ]
    return np.stack(values, 1), np.stack(present, 1)


def _of_some(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """With the sum of those that there are; and which there are."""
    there = _seen(squares)
    total = np.where(there, squares, 0.0).sum(1, keepdims=True, dtype=float)
    both = np.concatenate([squares, total], 1, dtype=float)
    return both, np.append(there, there.any(1, keepdims=True), 1)


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


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
