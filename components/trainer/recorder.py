"""Records the steps of one model: when to look, and what becomes of what is seen."""

import time
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np

from tfx_updaters.components.trainer.journal import Journal
from tfx_updaters.components.trainer.movement import Movement
from tfx_updaters.components.trainer.observation import Observation, Seen, leaves
from tfx_updaters.components.trainer.statistics import Statistics
from tfx_updaters.components.trainer.train_function import Look


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

    def begin(self) -> int | None:
        """Makes what it needs, and drops what was recorded of later steps.

        None for a model that is built in its first step.
        """
        if not self._model.built or not self._model.trainable_variables:
            return None
        self._build()
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
            self._clock = time.perf_counter(), count
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
        sums, vector = self._movement.measure()
        count = self._movement.at or 0
        if self._movement.moved and self.look(count) is Look.ALL:
            self._write(count, sums, self._observation.seen(vector), known, _scalars(logs))
        return count

    def end(self) -> None:
        """After the last step of a fit, of which there may have been none."""
        self.begin()

    def keep_update(self) -> None:
        """Keeps the last update if the next step needs it, for one that goes on from here."""
        if self._offset is None:
            return
        count = self._movement.begin()
        if self._movement.moved and self.look(count + self._batches) is Look.ALL:
            self._journal.keep_update(self._movement, self._step(count))

    def _write(
        self, count: int, sums: np.ndarray, seen: Seen, known: bool, metrics: dict[str, float]
    ) -> None:
        """Hands on the statistics of a step; `known` is whether the update before is."""
        columns = self._statistics.columns(tuple(metrics))
        rate = self._rate(count, seen.examples)
        values, present = self._statistics.values(sums, seen, known, rate)
        values = np.concatenate([values, list(metrics.values())])
        present = np.concatenate([present, np.ones(len(metrics), bool)])
        self._journal.add(columns, self._step(count), values, present)

    def _rate(self, count: int, examples: float) -> float | None:
        """Examples per second since the last time that it was asked for."""
        now, before = time.perf_counter(), self._clock
        self._clock = now, count
        if before is None or examples < 0:
            return None
        return float(examples) * (count - before[1]) / (now - before[0])

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
