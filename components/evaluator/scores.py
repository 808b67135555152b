"""Metrics that are a mean of one score per example, computed for whole batches.

Each is TFMA's (or Keras') metric of the same class name, and gives its value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# Keras' fuzz: probabilities are kept this far from 0 and 1 before a logarithm.
EPSILON = 1e-7

Scores = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Score:
    """A score of an example.

    Attributes:
        of: labels (examples, or examples x classes) and predictions (examples x outputs) to
            scores (examples).
        name: TFMA's name of the metric.
        proportion: each score is 0 or 1, and the metric a proportion.
        higher_is_better: whether a good model has a high mean.
    """

    of: Scores
    name: str
    proportion: bool
    higher_is_better: bool


def find(class_name: str, config: Mapping[str, Any]) -> Score | None:
    """The score whose mean is that metric; None if it is no such mean, or an argument is other.

    Args:
        class_name: as in an EvalConfig, `SparseCategoricalAccuracy` or `MeanSquaredError` say.
        config: its arguments.
    """
    made = KINDS.get(class_name)
    if made is None or set(config) - {"name", *made.arguments}:
        return None
    given = {name: value for name, value in config.items() if name != "name"}
    return Score(
        lambda labels, predictions: made.of(labels, predictions, **given),
        config.get("name") or made.name,
        made.proportion,
        made.higher_is_better,
    )


def _class_of(labels: np.ndarray) -> np.ndarray:
    return labels if labels.ndim == 1 else np.argmax(labels, axis=1)


def _top(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return (np.argmax(predictions, axis=1) == _class_of(labels)).astype(float)


def _top_k(labels: np.ndarray, predictions: np.ndarray, k: int = 5) -> np.ndarray:
    classes = _class_of(labels).astype(int)
    own = np.take_along_axis(predictions, classes[:, None], axis=1)
    return (np.sum(predictions > own, axis=1) < k).astype(float)


def _binary(labels: np.ndarray, predictions: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    matches = (predictions > threshold) == (_columns(labels, predictions) > 0.5)
    return matches.mean(axis=1)


def _cross_entropy(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    shares = predictions / predictions.sum(axis=1, keepdims=True)
    logs = np.log(np.clip(shares, EPSILON, 1 - EPSILON))
    if labels.ndim == 2:
        return -np.sum(labels * logs, axis=1)
    return -np.take_along_axis(logs, labels.astype(int)[:, None], axis=1)[:, 0]


def _binary_cross_entropy(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    wanted = _columns(labels, predictions)
    shares = np.clip(predictions, EPSILON, 1 - EPSILON)
    return -np.mean(wanted * np.log(shares) + (1 - wanted) * np.log(1 - shares), axis=1)


def _squared(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return np.mean((_columns(labels, predictions) - predictions) ** 2, axis=1)


def _absolute(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return np.mean(np.abs(_columns(labels, predictions) - predictions), axis=1)


def _columns(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return labels.reshape(len(predictions), -1).astype(float)


@dataclass(frozen=True)
class _Kind:
    name: str
    of: Callable[..., np.ndarray]
    proportion: bool = False
    higher_is_better: bool = False
    arguments: tuple[str, ...] = ()


KINDS: dict[str, _Kind] = {
    "SparseCategoricalAccuracy": _Kind("sparse_categorical_accuracy", _top, True, True),
    "CategoricalAccuracy": _Kind("categorical_accuracy", _top, True, True),
    "SparseTopKCategoricalAccuracy": _Kind(
        "sparse_top_k_categorical_accuracy", _top_k, True, True, ("k",)
    ),
    "BinaryAccuracy": _Kind("binary_accuracy", _binary, True, True, ("threshold",)),
    "SparseCategoricalCrossentropy": _Kind("sparse_categorical_crossentropy", _cross_entropy),
    "CategoricalCrossentropy": _Kind("categorical_crossentropy", _cross_entropy),
    "BinaryCrossentropy": _Kind("binary_crossentropy", _binary_cross_entropy),
    "MeanSquaredError": _Kind("mean_squared_error", _squared),
    "MeanAbsoluteError": _Kind("mean_absolute_error", _absolute),
}
