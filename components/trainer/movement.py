"""How far the weights move: their updates as they are, whatever the optimizer did."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfx_updaters.optimizers import apply


class Movement:
    """The weights at one step, and the update that led there: two copies of what is trained.

    Attributes:
        at: the optimizer's iterations when the weights were what is kept; None before.
        moved: whether the update that is kept is the last one.
    """

    def __init__(
        self, iterations: Any, variables: Sequence[Any], batches: int, also: Callable[[], Any]
    ):
        """Makes the copies.

        Args:
            iterations: the optimizer's variable that counts the batches it was given.
            variables: those that are trained.
            batches: iterations from one update to the next.
            also: what else `measure` computes, in the same call; gives a float32 vector.
        """
        self._variables = list(variables)
        self._batches = batches
        shapes = [(v.shape, apply.precision(v)) for v in variables]
        self._weights = [tf.Variable(tf.zeros(*s), trainable=False) for s in shapes]
        self._update = [tf.Variable(tf.zeros(*s), trainable=False) for s in shapes]
        self._last = tf.Variable(tf.zeros(len(shapes)), trainable=False)
        count = lambda: apply.read(iterations)  # noqa: E731
        self._copy = _compiled(lambda: (self._copied(), count())[1])
        self._follow = _compiled(lambda: (self._followed(), count())[1])
        self._measure = _compiled(lambda: (tf.concat([*self._measured(), also()], 0), count()))
        self.at: int | None = None
        self.moved = False

    def begin(self) -> int:
        """Keeps the weights of now, and the update if it is still the last; iterations so far."""
        count = int(self._copy())
        self.moved = self.moved and self.at == count
        self.at = count
        return count

    def follow(self) -> int:
        """Keeps the weights of now, and their difference to those before; iterations so far."""
        return self._went_to(self._follow())

    def measure(self) -> np.ndarray:
        """Follows, and says how.

        Returns:
            Of the variables the squared norms of the weights, of the update that led to them, and
            of the one before, and the inner product of the two updates; then what `also` gave.
        """
        vector, count = self._measure()
        self._went_to(count)
        return vector.numpy()

    def _went_to(self, iterations: Any) -> int:
        count = int(iterations)
        self.moved = self.at is not None and count - self.at == self._batches
        self.at = count
        return count

    def save(self, path: Path) -> None:
        """Writes the last update."""
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            np.savez(file, *[update.numpy() for update in self._update])
        os.replace(unfinished, path)

    def restore(self, path: Path) -> None:
        """Reads the update that led to the weights that are kept."""
        with np.load(path) as arrays:
            for update, name in zip(self._update, arrays.files, strict=True):
                update.assign(arrays[name])
        self._last.assign(tf.stack([square(update) for update in self._update]))
        self.moved = True

    def _copied(self) -> None:
        for variable, kept in zip(self._variables, self._weights, strict=True):
            kept.assign(tf.cast(apply.read(variable), kept.dtype))

    def _followed(self) -> None:
        moves = [move for _, move, _ in self._moves()]
        self._last.assign(tf.stack([square(move) for move in moves]))

    def _measured(self) -> list[Any]:
        weights, moves, before = zip(*self._moves(), strict=True)
        update, last = tf.stack([square(move) for move in moves]), self._last.read_value()
        self._last.assign(update)
        weight = tf.stack([square(w) for w in weights])
        both = tf.stack([product(a, b) for a, b in zip(moves, before, strict=True)])
        return [weight, update, last, both]

    def _moves(self) -> list[tuple[Any, Any, Any]]:
        """The weights of now, their update and the one before; what is kept becomes that of now."""
        columns = zip(self._variables, self._weights, self._update, strict=True)
        return [_moved(*column) for column in columns]


def _compiled(function: Callable[[], Any]) -> Callable[[], Any]:
    return tf.function(function, autograph=False).get_concrete_function()


def _moved(variable: Any, kept: tf.Variable, update: tf.Variable) -> tuple[Any, Any, Any]:
    weights = tf.cast(apply.read(variable), kept.dtype)
    move, before = weights - kept, update.read_value()
    kept.assign(weights)
    update.assign(move)
    return weights, move, before


def square(x: Any) -> Any:
    """The squared norm of a tensor, a float32 scalar: one operation, where a product has two."""
    return 2.0 * tf.nn.l2_loss(tf.cast(x, tf.float32))


def product(a: Any, b: Any) -> Any:
    """The inner product of two tensors, a float32 scalar."""
    return tf.reduce_sum(tf.cast(a, tf.float32) * tf.cast(b, tf.float32))
