"""The Trainer node: TFX's own, with the parameter update as an argument."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from tfx import types
from tfx.components import Trainer as StockTrainer
from tfx.components.trainer.executor import GenericExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec, ExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import trainer_pb2
from tfx.types.component_spec import ChannelParameter

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.study.artifact import Study
from tfx_updaters.components.trainer.choice import KEY, Choice
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.components.trainer.executor import (
    DYNAMICS,
    OUR_TRAINING,
    STUDY,
    Executor,
    refuse_second,
)
from tfx_updaters.optimizers import UpdaterError


class Trainer(StockTrainer):
    """TFX's Trainer, in which the chosen updater makes all updates.

    While the `run_fn` of `run_fn` or `module_file` runs, the optimizer that it compiles with is
    replaced; see `inject.injected` for what that covers. If the updater did not get into the
    training, the node fails. With `model_fn` the training is ours.

    Outputs `model` and `model_run`. The Model artifact has the custom properties `updater` (its
    JSON), `updater_fingerprint`, `updater_steps` (how many updates it made) and `updater_replaced`
    (JSON: for each model its name, the class and config of the optimizer that it was compiled
    with, the arguments that were kept, and the number of steps).
    """

    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel | None = None,
        updater: Any,
        run_fn: str | RuntimeParameter | None = None,
        module_file: str | RuntimeParameter | None = None,
        model_fn: str | Callable[..., Any] | None = None,
        model_args: Mapping[str, Any] | None = None,
        training: TrainingConfig | Mapping[str, Any] | None = None,
        dynamics_every: int = 10,
        transform_graph: types.BaseChannel | None = None,
        schema: types.BaseChannel | None = None,
        base_model: types.BaseChannel | None = None,
        hyperparameters: types.BaseChannel | None = None,
        statistics: types.BaseChannel | None = None,
        train_args: trainer_pb2.TrainArgs | RuntimeParameter | None = None,
        eval_args: trainer_pb2.EvalArgs | RuntimeParameter | None = None,
        custom_config: dict[str, Any] | RuntimeParameter | None = None,
        custom_executor_spec: ExecutorSpec | None = None,
        transformed_examples: types.BaseChannel | None = None,
    ):
        """Arguments that are not named here are those of TFX's Trainer, and mean the same.

        Args:
            updater: an `UpdaterConfig`, the name of an updater, the JSON of either as a mapping
                or as text, a Keras optimizer (of which a new one is made, without its state), a
                RuntimeParameter of such a text, or the output `study` of an `UpdaterStudy`, whose
                choice it is. Checked here, a RuntimeParameter's value when the node starts.
            run_fn, module_file: training code that exists, as in TFX.
            model_fn: a function that returns a Keras model, or its dotted name; we train it.
                Exactly one of `run_fn`, `module_file` and `model_fn` is needed.
            model_args: keyword arguments of `model_fn`.
            training: how we train it: a `TrainingConfig`, or its values by name.
            dynamics_every: after how many steps the training's dynamics are written; 0 is never.
            custom_executor_spec: `GenericExecutor` stands for ours; or a subclass of ours.

        Raises:
            UpdaterError: the updater cannot be taken.
            ArgumentError: any other argument cannot be.
        """
        _exactly_one(run_fn=run_fn, module_file=module_file, model_fn=model_fn)
        refuse_second(custom_config)
        if model_fn is not None:
            run_fn = OUR_TRAINING
            custom_config = {
                **_plain(custom_config),
                "model_fn": _dotted(model_fn),
                "model_args": dict(model_args or {}),
                "training": _training(training, train_args).to_json(),
            }
        super().__init__(
            examples=examples,
            run_fn=run_fn,
            module_file=module_file,
            transform_graph=transform_graph,
            schema=schema,
            base_model=base_model,
            hyperparameters=hyperparameters,
            statistics=statistics,
            train_args=train_args,
            eval_args=eval_args,
            custom_config=custom_config,
            custom_executor_spec=_ours(custom_executor_spec),
            transformed_examples=transformed_examples,
        )
        # Execution properties of their own: one that is a RuntimeParameter fits nowhere else, and
        # a changed one makes TFX train again.
        if isinstance(updater, types.BaseChannel):
            # The stock node makes its specification itself, without a place for one more input.
            self.spec.INPUTS = {**self.spec.INPUTS, STUDY: ChannelParameter(type=Study)}
            self.inputs[STUDY] = _of_study(updater)
        else:
            self.exec_properties[KEY] = _checked(updater)
        self.exec_properties[DYNAMICS] = _steps(dynamics_every)


def _checked(updater: Any) -> str | RuntimeParameter:
    """The updater's JSON; a RuntimeParameter as it is."""
    if not isinstance(updater, RuntimeParameter):
        return Choice.of(updater).text
    if updater.ptype is not str:
        raise UpdaterError(
            f"updater: received a RuntimeParameter of {updater.ptype}; ptype=str is needed"
        )
    if updater.default is not None:
        Choice.of(updater.default)
    return updater


def _of_study(updater: types.BaseChannel) -> Any:
    if updater.type is not Study:
        raise UpdaterError(
            f"updater: received a channel of {updater.type.TYPE_NAME}; one of Study is allowed: "
            "the output 'study' of an UpdaterStudy"
        )
    return updater


def _steps(every: Any) -> int:
    if not isinstance(every, int) or isinstance(every, bool) or every < 0:
        raise ArgumentError(f"dynamics_every: received {every!r}; 0 (never) or more is allowed")
    return every


def _exactly_one(**given: Any) -> None:
    names = [name for name, value in given.items() if value]
    if len(names) != 1:
        raise ArgumentError(
            f"received {' and '.join(names) or 'none'} of {', '.join(given)}; exactly one is needed"
        )


def _plain(custom_config: Any) -> dict[str, Any]:
    if isinstance(custom_config, RuntimeParameter):
        raise ArgumentError(
            "custom_config: received a RuntimeParameter; with model_fn a dictionary is needed"
        )
    return custom_config or {}


def _training(given: TrainingConfig | Mapping[str, Any] | None, train_args: Any) -> TrainingConfig:
    config = given if isinstance(given, TrainingConfig) else TrainingConfig.from_json(given or {})
    if not isinstance(train_args, RuntimeParameter):
        config.check_length((train_args and train_args.num_steps) or None)
    return config


def _dotted(function: str | Callable[..., Any]) -> str:
    """The name that a function can be imported by."""
    if isinstance(function, str):
        return function
    module, name = function.__module__, function.__qualname__
    if module == "__main__" or getattr(sys.modules.get(module), name, None) is not function:
        raise ArgumentError(
            f"model_fn: received {module}.{name}, which the training cannot import; a function at "
            "the top level of a module is needed"
        )
    return f"{module}.{name}"


def _ours(spec: ExecutorSpec | None) -> ExecutorSpec | None:
    """The executor spec that TFX gets; None for ours."""
    executor = spec.executor_class if isinstance(spec, ExecutorClassSpec) else None
    if spec is None or executor is GenericExecutor:
        return None
    if executor is not None and issubclass(executor, Executor):
        return spec
    raise ArgumentError(
        f"custom_executor_spec: received {executor or spec}, which would train without the "
        f"updater; a subclass of {Executor.__module__}.Executor is allowed. With another executor "
        "use TFX's Trainer, custom_config={'updater': ...}, and `updater_from(fn_args)` of "
        "tfx_updaters.components in your run_fn"
    )
