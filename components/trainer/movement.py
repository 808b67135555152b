"""How far the weights move: their updates as they are, whatever the optimizer did."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfx_updaters.optimizers import apply


class Movement:
    """The weights at one step, and the update that led there: two copies of the model.

    Attributes:
        step: whose weights are kept; None before any are.
        moved: whether the last update is kept too.
    """

    def __init__(self, variables: Sequence[Any], also: Callable[[], Any]):
        """Makes the copies.

        Args:
            variables: those that are trained.
            also: what else `measure` computes, in the same call.
        """
        self._variables = list(variables)
        shapes = [(v.shape, apply.precision(v)) for v in variables]
        self._weights = [tf.Variable(tf.zeros(*s), trainable=False) for s in shapes]
        self._update = [tf.Variable(tf.zeros(*s), trainable=False) for s in shapes]
        self._copy = tf.function(self._copied)
        self._follow = tf.function(self._followed)
        self._measure = tf.function(lambda: (self._measured(), also()))
        self.step: int | None = None
        self.moved = False

    def begin(self, step: int) -> None:
        """Keeps the weights of `step`, and the update that led to them if it is known."""
        self._copy()
        self.moved = self.moved and self.step == step
        self.step = step

    def follow(self, step: int) -> None:
        """Keeps the weights of `step`, and the update that led to them from the step before."""
        if self.step == step - 1:
            self._follow()
            self.step, self.moved = step, True
        else:
            self.begin(step)

    def measure(self, step: int) -> tuple[Any, Any]:
        """Follows, and says how.

        Returns:
            4 x variables: the squared norms of the update, of the weights after it and of the
            update before, and the inner product of the two updates; and what `also` gave.
        """
        found = self._measure()
        self.step, self.moved = step, True
        return found

    def save(self, path: Path) -> None:
        """Writes the last update."""
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            np.savez(file, *[update.numpy() for update in self._update])
        os.replace(unfinished, path)

    def restore(self, path: Path, step: int) -> None:
        """Reads the update that led to the weights of `step`."""
        with np.load(path) as arrays:
            for update, name in zip(self._update, arrays.files, strict=True):
                update.assign(arrays[name])
        self.step, self.moved = step, True

    def _copied(self) -> None:
        for variable, kept in zip(self._variables, self._weights, strict=True):
            kept.assign(tf.cast(apply.read(variable), kept.dtype))

    def _followed(self) -> list[tuple[Any, Any]]:
        """The weights and updates of now, which are kept."""
        moves = []
        for variable, kept, update in zip(
            self._variables, self._weights, self._update, strict=True
        ):
            weights = tf.cast(apply.read(variable), kept.dtype)
            move = weights - kept
            kept.assign(weights)
            update.assign(move)
            moves.append((weights, move))
        return moves

    def _measured(self) -> Any:
        last = [update.read_value() for update in self._update]
        rows = [
            [square(move), square(weights), square(before), product(move, before)]
            for (weights, move), before in zip(self._followed(), last, strict=True)
        ]
        return tf.transpose(tf.stack([tf.stack(row) for row in rows]))


def square(x: Any) -> Any:
    """The squared norm of a tensor, a float32 scalar: one operation, where a product has two."""
    return 2.0 * tf.nn.l2_loss(tf.cast(x, tf.float32))


def product(a: Any, b: Any) -> Any:
    """The inner product of two tensors, a float32 scalar."""
    return tf.reduce_sum(tf.cast(a, tf.float32) * tf.cast(b, tf.float32))
