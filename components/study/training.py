"""One trial: a model is trained and measured after each epoch; what became of it is a result."""

import dataclasses
import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfx_updaters.components.causes import cause
from tfx_updaters.components.errors import DivergedError, ModelError
from tfx_updaters.components.study import interrupts, rates
from tfx_updaters.components.study.data import Data
from tfx_updaters.components.study.disturbed import disturbed
from tfx_updaters.components.study.layers import Layers
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.trials import DIVERGED, DONE, FAILED, Point, Result, Trial
from tfx_updaters.components.trainer import batches, model, settings, step
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.components.trainer.data import Features, Split
from tfx_updaters.components.trainer.diverged import StopWhenNotFinite


class Training:
    """Trains the trials of a plan on these data, one after the other.

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
        self._check()

    def __call__(self, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Result]]:
        """Each trial with its result, as it ends."""
        return ((trial, self.result(trial)) for trial in trials)

    def result(self, trial: Trial) -> Result:
        """Trains one; whatever it raises becomes a result, but for an interrupt.

        Raises:
            KeyboardInterrupt: SIGINT came.
        """
        with interrupts.noticed() as came:
            result = self._result(trial)
        if came():
            raise KeyboardInterrupt
        return result

    def _result(self, trial: Trial) -> Result:
        config = dataclasses.replace(self._plan.training, seed=trial.seed)
        curve: list[Point] = []
        try:
            with settings.of_process(config):
                return self._train(trial, config, curve)
        except DivergedError as error:
            return Result(DIVERGED, str(error), curve)
        except Exception as error:
            logging.exception("trial %s failed", trial.file)
            return Result(FAILED, cause(error), curve)

    def _train(self, trial: Trial, config: TrainingConfig, curve: list[Point]) -> Result:
        made = self._model()
        # All arms have these initial weights: nothing before depends on the updater.
        factor = self._plan.tuning.factor**trial.place if self._plan.tuning else 1.0
        updater = rates.multiplied(trial.arm.updater, factor)
        settings.compile_model(made, updater.document, config)
        splits = self._splits(made, trial)
        measure = _Measure(made, splits)
        first = measure("train")["loss"]
        updates = math.ceil(splits["train"].count / config.batch_size)
        layers = [Layers(updates)] if trial.seed in self._plan.final_seeds else []
        recorder = _Recorder(measure, config.accumulate, curve)
        _fit(made, splits["train"], config, recorder, layers)
        judged = _judged(curve, measure("train"), first)
        if layers:
            judged = dataclasses.replace(judged, dynamics=layers[0].values())
        if judged.status != DONE or model.classes(made, config.loss) != made.output_shape[-1]:
            return judged
        return dataclasses.replace(judged, classes=_by_class(made, splits["test"]))

    def _model(self) -> Any:
        return model.build(self._plan.model_fn, self._plan.model_args)

    def _splits(self, made: Any, trial: Trial) -> dict[str, Split]:
        """What is trained on is under the trial's condition; validation and test are clean."""
        data = self._data
        train, validation = data.parts(self._plan.validation, trial.seed)
        train = disturbed(trial.condition, train, data.label, data.classes, trial.seed)
        features = Features(
            shapes={tensor.name: tuple(tensor.shape[1:]) for tensor in made.inputs},
            label=data.label,
            classes=data.classes,
        )
        named = {"train": train, "validation": validation, "test": data.test}
        wanted = (*features.shapes, data.label)
        return {
            name: Split(features, len(arrays[data.label]), {k: arrays[k] for k in wanted})
            for name, arrays in named.items()
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


class _Measure:
    """Loss and metrics of a model on a split; the batches are set up once."""

    def __init__(self, made: Any, splits: Mapping[str, Split]):
        self._made = made
        self._batches = {name: batches.evaluation(split) for name, split in splits.items()}

    def __call__(self, split: str) -> dict[str, float]:
        found = self._made.evaluate(self._batches[split], verbose=0, return_dict=True)
        return {name: float(value) for name, value in found.items()}


class _Recorder(keras.callbacks.Callback):
    """Measures the model before and after each epoch; the clock runs while it trains."""

    def __init__(self, measure: _Measure, accumulate: int, curve: list[Point]):
        super().__init__()
        self._measure = measure
        self._accumulate = accumulate
        self._curve = curve
        self.steps = 0
        self._seconds = 0.0
        self._began = 0.0

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._add({})

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.steps += 1
        if self.steps == 1:
            self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._seconds += time.perf_counter() - self._began
        self._add({name: float(value) for name, value in (logs or {}).items()})

    def _add(self, train: Mapping[str, float]) -> None:
        validation, test = self._measure("validation"), self._measure("test")
        updates = self.steps // self._accumulate
        self._curve.append(Point(updates, self._seconds, train, validation, test))


def _fit(
    made: Any, train: Split, config: TrainingConfig, recorder: _Recorder, layers: Sequence[Layers]
) -> None:
    steps = math.ceil(train.count / config.batch_size) * config.accumulate
    callbacks: list[keras.callbacks.Callback] = [recorder, *layers]
    if not step.skips(made.optimizer):
        batch = lambda at: next(iter(batches.training(train, config, at)))  # noqa: E731
        # Before the recorder: a loss that is not finite is no point of a curve.
        callbacks.insert(0, StopWhenNotFinite(batch, lambda: recorder.steps))
    made.fit(
        batches.training(train, config, 0), epochs=config.epochs, steps_per_epoch=steps,
        shuffle=False, callbacks=callbacks, verbose=0,
    )  # fmt: skip


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


def _by_class(made: Any, test: Split) -> list[float | None]:
    """The accuracy on each class; the model is called as it is, as a traced one costs more."""
    found = [(np.argmax(made(x, training=False), -1), y) for x, y in batches.evaluation(test)]
    predicted, labels = (np.concatenate(each) for each in zip(*found, strict=True))
    classes = [predicted[labels == label] == label for label in range(made.output_shape[-1])]
    return [float(right.mean()) if len(right) else None for right in classes]
