"""Walks in NumPy, float64: an update written out as its source has it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import walk

# (number of the step from 1, gradients, weights) -> what the weights descend along.
Rule = Callable[[int, walk.Arrays, walk.Arrays], walk.Arrays]


def descended(rate: float, rule: Rule) -> np.ndarray:
    """The walk of weights <- weights - rate * rule(t, gradients, weights)."""
    return stepped(
        lambda t, gradients, weights: [
            w - rate * u for w, u in zip(weights, rule(t, gradients, weights), strict=True)
        ]
    )


def stepped(rule: Rule) -> np.ndarray:
    """The walk of weights <- rule(t, gradients, weights)."""
    weights = [w.astype("float64") for w in walk.start()]
    t = 0

    def step(gradients: walk.Arrays) -> walk.Arrays:
        nonlocal weights, t
        t += 1
        weights = list(rule(t, gradients, weights))
        return weights

    return walk.walked(step, dtype="float64")


def each(update: Callable[[int, np.ndarray, np.ndarray, dict[str, Any]], np.ndarray]) -> Rule:
    """A rule for one variable as a rule for all; it keeps what it likes in a dict of its own.

    The dict is empty before the first step, but for `path`.
    """
    memories: list[dict[str, Any]] = [{"path": path} for path in walk.SHAPES]

    def rule(t: int, gradients: walk.Arrays, weights: walk.Arrays) -> walk.Arrays:
        return [
            update(t, g, w, memory)
            for g, w, memory in zip(gradients, weights, memories, strict=True)
        ]

    return rule


def mean(memory: dict[str, Any], name: str, beta: float, value: np.ndarray) -> np.ndarray:
    """The running mean of what it is called with, from zero."""
    memory[name] = beta * memory.get(name, 0.0) + (1 - beta) * value
    return memory[name]


def global_norm(arrays: walk.Arrays) -> float:
    """The Euclidean norm of all arrays put together."""
    return float(np.sqrt(sum(np.sum(np.square(a)) for a in arrays)))
