"""One trial: a model is trained and measured after each epoch; what became of it is a result."""

import dataclasses
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfx_updaters.components.causes import cause
from tfx_updaters.components.errors import DivergedError, ModelError
from tfx_updaters.components.study import interrupts, rates
from tfx_updaters.components.study.data import Data
from tfx_updaters.components.study.disturbed import disturbed
from tfx_updaters.components.study.lane import Lane, Tensors
from tfx_updaters.components.study.lanes import Lanes
from tfx_updaters.components.study.layers import Layers
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.trials import DIVERGED, DONE, FAILED, Point, Result, Trial
from tfx_updaters.components.trainer import batches, model, settings
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.components.trainer.data import Features
from tfx_updaters.components.trainer.train_function import Look

EVERY = 100  # steps in a call of TensorFlow, which no interrupt breaks off


class Training:
    """Trains the trials of a plan on these data, one after the other; in several threads too.

    Args:
        plan: what is trained.
        data: what on.

    Raises:
        ComponentError: the model, the data, a condition or a name of the training do not fit.
        UpdaterError: a rule of an arm does not fit the model.
    """

    def __init__(self, plan: Plan, data: Data):
        self._plan = plan
        self._data = data
        self._building = threading.Lock()
        self._lanes = Lanes()
        self._check()

    def __call__(self, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Result]]:
        """Each trial with its result, as it ends."""
        return ((trial, self.result(trial)) for trial in trials)

    def result(self, trial: Trial, stopped: Callable[[], bool] = lambda: False) -> Result:
        """Trains one; whatever it raises becomes a result, but for an interrupt.

        Args:
            trial: which one.
            stopped: asked about every `EVERY` steps whether to end without a result.

        Raises:
            KeyboardInterrupt: SIGINT came, or it was stopped.
        """
        with interrupts.noticed() as came:
            result = self._result(trial, stopped)
        if came():
            raise KeyboardInterrupt
        return result

    def _result(self, trial: Trial, stopped: Callable[[], bool]) -> Result:
        config = dataclasses.replace(self._plan.training, seed=trial.seed)
        curve: list[Point] = []
        try:
            return self._train(trial, config, curve, stopped)
        except DivergedError as error:
            return Result(DIVERGED, str(error), curve)
        except Exception as error:
            logging.exception("trial %s failed", trial.file)
            return Result(FAILED, cause(error), curve)

    def _train(
        self, trial: Trial, config: TrainingConfig, curve: list[Point], stopped: Callable[[], bool]
    ) -> Result:
        factor = self._plan.tuning.factor**trial.place if self._plan.tuning else 1.0
        updater = rates.multiplied(trial.arm.updater, factor)
        # One at a time: the random state that initial weights come from is the process'.
        with self._building, settings.of_process(config):
            made = self._model()
            # All arms have these initial weights: nothing before depends on the updater.
            settings.compile_model(made, updater.document, config)
            source, splits = self._splits(made, trial)
            lane = self._lanes.take(made, updater, source, config, splits["train"])
            updates = math.ceil(len(splits["train"][source.label]) / config.batch_size)
            layers = lane.layers(updates) if trial.seed in self._plan.final_seeds else None
        try:
            judged = _Course(lane, layers, splits, config, curve, stopped).run()
            if layers:
                judged = dataclasses.replace(judged, dynamics=layers.values())
            if judged.status == DONE and model.classes(made, config.loss) == made.output_shape[-1]:
                classes = _by_class(lane.model, source, splits["test"])
                return dataclasses.replace(judged, classes=classes)
            return judged
        finally:
            self._lanes.give(lane, updater, splits["train"])

    def _model(self) -> Any:
        return model.build(self._plan.model_fn, self._plan.model_args)

    def _splits(self, made: Any, trial: Trial) -> tuple[Features, dict[str, Tensors]]:
        """What is trained on is under the trial's condition; validation and test are clean."""
        data = self._data
        train, validation = data.parts(self._plan.validation, trial.seed)
        train = disturbed(trial.condition, train, data.label, data.classes, trial.seed)
        source = Features(
            shapes={tensor.name: tuple(tensor.shape[1:]) for tensor in made.inputs},
            label=data.label,
            classes=data.classes,
        )
        named = {"train": train, "validation": validation, "test": data.test}
        wanted = (*source.shapes, data.label)
        return source, {
            name: {k: tf.constant(arrays[k]) for k in wanted} for name, arrays in named.items()
        }

    def _check(self) -> None:
        """Builds each arm once, and tries each condition on a few examples."""
        data, plan = self._data, self._plan
        made = self._model()
        _check_inputs(made, data)
        outputs = model.classes(made, plan.training.loss)
        labels = max(int(split[data.label].max()) for split in (data.train, data.test))
        if outputs is not None and labels >= outputs:
            raise ModelError(f"the model has {outputs} outputs; the labels go up to {labels}")
        for arm in plan.arms:
            settings.compile_model(self._model(), arm.updater.document, plan.training)
        few = {name: values[:8] for name, values in data.train.items()}
        for condition in plan.conditions:
            all_of_them = dataclasses.replace(condition, share=1.0 if condition.share else 0.0)
            disturbed(all_of_them, few, data.label, data.classes, 0)
        data.parts(plan.validation, plan.first_seed)


def _check_inputs(made: Any, data: Data) -> None:
    for tensor in made.inputs:
        wanted = tuple(tensor.shape[1:])
        found = data.train.get(tensor.name, np.empty(0)).shape[1:]
        if tensor.name not in data.train or math.prod(found) != math.prod(wanted):
            listing = ", ".join(f"{name} {v.shape[1:]}" for name, v in sorted(data.train.items()))
            raise ModelError(f"the model takes {tensor.name} {wanted}; the data have {listing}")


class _Course:
    """A training from its beginning to its end, measured before and after each epoch.

    Args:
        lane: with the model as it was made.
        layers: what looks at some steps, if anything does.
        splits: examples x shape by feature, by split.
        config: of the training.
        curve: gets the points.
        stopped: as in `Training.result`.
    """

    def __init__(
        self,
        lane: Lane,
        layers: Layers | None,
        splits: Mapping[str, Tensors],
        config: TrainingConfig,
        curve: list[Point],
        stopped: Callable[[], bool],
    ):
        self._lane = lane
        self._layers = layers
        self._splits = splits
        self._config = config
        self._curve = curve
        self._stopped = stopped
        self._seconds = 0.0

    def run(self) -> Result:
        """Trains the model, and judges what became of it."""
        config, train = self._config, self._splits["train"]
        steps = math.ceil(len(train[config.label]) / config.batch_size) * config.accumulate
        first = self._lane.evaluate(train)["loss"]
        self._measure(0, {})
        for epoch in range(config.epochs or 0):
            logs = self._epoch(range(epoch * steps, (epoch + 1) * steps))
            self._measure((epoch + 1) * steps // config.accumulate, logs)
        model = self._lane.model
        model.optimizer.finalize_variable_values(model.trainable_weights)
        return _judged(self._curve, self._lane.evaluate(train), first)

    def _epoch(self, steps: range) -> dict[str, float]:
        began, logs = time.perf_counter(), {}
        self._lane.model.reset_metrics()
        train, seed = self._splits["train"], self._config.seed
        for first, last, look in self._parts(steps):
            if self._stopped():
                raise KeyboardInterrupt
            if self._layers and look is not Look.NOTHING:
                logs = self._lane.one(self._layers, look, train, seed, first)
            else:
                logs = self._lane.train(train, seed, first, last)
        self._seconds += time.perf_counter() - began
        return logs

    def _parts(self, steps: range) -> Iterator[tuple[int, int, Look]]:
        """Steps that are run in one call, from the first to before the last, or looked at alone."""
        look = self._layers.look if self._layers else lambda count: Look.NOTHING
        first = steps.start
        while first < steps.stop:
            last, wanted = first + 1, look(first + 1)
            if wanted is Look.NOTHING:
                end = min(first + EVERY, steps.stop)
                while last < end and look(last + 1) is Look.NOTHING:
                    last += 1
            yield first, last, wanted
            first = last

    def _measure(self, updates: int, train: Mapping[str, float]) -> None:
        validation, test = (self._lane.evaluate(self._splits[k]) for k in ("validation", "test"))
        self._curve.append(Point(updates, self._seconds, train, validation, test))


def _judged(curve: list[Point], train: Mapping[str, float], first: float) -> Result:
    last = curve[-1]
    values = [*train.values(), *last.validation.values(), *last.test.values()]
    if not all(map(math.isfinite, values)):
        why = f"the model ends with train {train}, test {dict(last.test)}"
        return Result(DIVERGED, why, curve, train)
    if train["loss"] > first:
        why = f"the loss on train ends at {train['loss']:.4g}; untrained it was {first:.4g}"
        return Result(DIVERGED, why, curve, train)
    return Result(DONE, "", curve, train)


def _by_class(made: Any, source: Features, test: Tensors) -> list[float | None]:
    """The accuracy on each class; the model is called as it is, as a traced one costs more."""
    labels, size = np.asarray(test[source.label]), batches.EVALUATION_BATCH
    parts = [
        {name: values[first : first + size] for name, values in test.items()}
        for first in range(0, len(labels), size)
    ]
    inputs = [batches.judged(source, part)[0] for part in parts]
    predicted = np.concatenate([np.argmax(made(x, training=False), -1) for x in inputs])
    classes = [predicted[labels == label] == label for label in range(made.output_shape[-1])]
    return [float(right.mean()) if len(right) else None for right in classes]
