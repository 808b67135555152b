"""Records the steps of one model: when to look, and what becomes of what is seen."""

import math
import time
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np

from tfx_updaters.components.trainer.journal import Journal
from tfx_updaters.components.trainer.movement import Movement
from tfx_updaters.components.trainer.observation import Observation, leaves
from tfx_updaters.components.trainer.statistics import Statistics
from tfx_updaters.components.trainer.train_function import Look

# Steps that are kept, and for how long, before their statistics are computed and written.
STEPS, SECONDS = 100, 2.0


class Recorder:
    """An observer of a model's train function that writes into a journal.

    A step is an update of the weights: with `gradient_accumulation_steps` it takes several
    batches. Keras counts both, the updates in public.
    """

    def __init__(self, model: keras.Model, every: int, journal: Journal):
        self._model = model
        self._every = every
        self._journal = journal
        self._leaf = leaves(model.optimizer)[0]
        self._batches = self._leaf.gradient_accumulation_steps or 1
        self._offset: int | None = None
        self._clock: tuple[float, int] | None = None
        self._metrics: tuple[str, ...] = ()
        self._taken: list[tuple[int, float, bool, float, np.ndarray, list[float]]] = []

    def begin(self) -> int | None:
        """Makes what it needs, and drops what was recorded of later steps.

        None for a model that is built in its first step.
        """
        if not self._model.built or not self._model.trainable_variables:
            return None
        self._build()
        self.settle()
        count = self._movement.begin()
        if self._offset is None:
            total = self._journal.total
            self._offset = 0 if total is None else total - self._updates(count)
        step = self._step(count)
        self._journal.go_on(step)
        self._journal.total = step
        kept = self._journal.kept_update(step)
        if kept is not None and not self._movement.moved:
            self._movement.restore(kept)
        if self._clock is not None:
            self._clock = time.time(), count
        return count

    def look(self, count: int) -> Look:
        """All of a step that is due; the weights of the two before, whose update it is next to."""
        if count % self._batches:
            return Look.NOTHING
        step = self._step(count)
        if step % self._every == 0:
            return Look.ALL
        return Look.WEIGHTS if -step % self._every <= 2 else Look.NOTHING

    def watching(self) -> AbstractContextManager[None]:
        """Around a step of which all is wanted."""
        return self._observation.watching()

    def after(self, look: Look, logs: Any) -> int:
        """Looks; a step that did not take place, as gradients overflowed, is not recorded."""
        if look is not Look.ALL:
            return self._movement.follow()
        known = self._movement.moved
        vector = self._movement.measure()
        count = self._movement.at or 0
        if self._movement.moved and self.look(count) is Look.ALL:
            self._take(count, vector, known, _scalars(logs))
        return count

    def keep_update(self) -> None:
        """Keeps the last update if the next step needs it, for one that goes on from here."""
        if self._offset is None:
            return
        count = self._movement.begin()
        if self._movement.moved and self.look(count + self._batches) is Look.ALL:
            self._journal.keep_update(self._movement, self._step(count))

    def settle(self) -> None:
        """Hands on the statistics of the steps that were taken."""
        if not self._taken:
            return
        steps, times, known, pace, vectors, metrics = map(np.array, zip(*self._taken, strict=True))
        self._taken.clear()
        size = 4 * len(self._observation.variables)
        sums, seen = vectors[:, :size], self._observation.seen(vectors[:, size:])
        values, present = self._statistics.values(
            sums.reshape(len(steps), 4, -1), seen, known, pace
        )
        values = np.concatenate([values, metrics], 1)
        present = np.concatenate([present, np.ones(metrics.shape, bool)], 1)
        columns = self._statistics.columns(self._metrics)
        self._journal.add(columns, steps, times, values, present)

    def _take(self, count: int, vector: np.ndarray, known: bool, metrics: dict) -> None:
        """Keeps what a step let out; the statistics of many are computed at once."""
        if tuple(metrics) != self._metrics:
            self.settle()
            self._metrics = tuple(metrics)
        now = time.time()
        pace = (count - self._clock[1]) / (now - self._clock[0]) if self._clock else math.nan
        self._clock = now, count
        values = list(metrics.values())
        self._taken.append((self._step(count), now, known, pace, vector, values))
        if len(self._taken) >= STEPS or now - self._taken[0][1] > SECONDS:
            self.settle()

    def _build(self) -> None:
        """As Keras would in the first step."""
        optimizer = self._model.optimizer
        if not optimizer.built:
            scope = self._model.distribute_strategy.scope()
            with scope, keras.name_scope(optimizer.name, caller=optimizer):
                optimizer.build(self._model.trainable_variables)
        if self._offset is None:
            self._observation = Observation(self._model)
            self._statistics = Statistics(self._model, self._observation)
            self._movement = Movement(
                self._leaf._iterations,
                self._observation.variables,
                self._batches,
                self._observation.read,
            )

    def _updates(self, count: int) -> int:
        return count // self._batches

    def _step(self, count: int) -> int:
        return (self._offset or 0) + self._updates(count)


def _scalars(logs: Any) -> dict[str, float]:
    """The metrics that Keras reports; the loss there is the mean of the epoch so far."""
    arrays = {name: np.asarray(value) for name, value in logs.items() if name != "loss"}
    return {name: float(array) for name, array in arrays.items() if array.ndim == 0}
