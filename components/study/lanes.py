"""The lanes of a study: kept by what was traced, each taken by one trial at a time."""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from tfx_updaters.components.study import rates
from tfx_updaters.components.study.lane import Lane, Tensors, lasting
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.components.trainer.data import Features


class Lanes:
    """Lanes that are free, for the trials of one plan.

    Trials of an updater on a device share a lane whatever their seed and learning rate: both are
    state of the model. A rate that follows a schedule is none, and a lane's own.
    """

    def __init__(self) -> None:
        self._free: dict[str, list[Lane]] = defaultdict(list)

    def take(
        self, model: Any, updater: Choice, source: Features, config: TrainingConfig, data: Tensors
    ) -> Lane:
        """A lane that has the state of this model; a new one if none is free.

        Args:
            model: compiled with the updater, in the state that the trial begins with.
            updater: of the trial.
            source, config, data: as in `Lane`.
        """
        free = self._free[_key(model, updater, data)]
        if not free or not lasting(model):
            return Lane(model, source, config, data)
        lane = free.pop()
        lane.load(model)
        return lane

    def give(self, lane: Lane, updater: Choice, data: Tensors) -> None:
        """Takes a lane back that `take` gave for these."""
        if lasting(lane.model):
            self._free[_key(lane.model, updater, data)].append(lane)


def _key(model: Any, updater: Choice, data: Tensors) -> str:
    """What is the same in all trials that a lane can train; the examples differ in their types."""
    device = model.variables[0].value.device
    tuned = not isinstance(rates.of(updater), Mapping)
    kinds = {name: values.dtype.name for name, values in data.items()}
    return json.dumps([device, rates.chain(updater, tuned=tuned), kinds], sort_keys=True)
