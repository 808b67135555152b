"""Runs a user's `run_fn` as TFX does, with the chosen updater in its optimizer's place."""

from typing import Any

from tfx import types
from tfx.components.trainer.executor import GenericExecutor
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.components.util import udf_utils
from tfx.types import artifact_utils, standard_component_specs

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.study.artifact import chosen
from tfx_updaters.components.trainer import tuned
from tfx_updaters.components.trainer.choice import KEY, Choice
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.components.trainer.dynamics import Dynamics
from tfx_updaters.components.trainer.inject import injected
from tfx_updaters.components.trainer.model import imported
from tfx_updaters.optimizers import UnknownNameError

DYNAMICS, STUDY = "dynamics_every", "study"
OUR_TRAINING = "tfx_updaters.components.trainer.fit.run_fn"
Artifacts = dict[str, list[types.Artifact]]


class Executor(GenericExecutor):
    """TFX's, with one updater for all that `run_fn` trains.

    It is that of `exec_properties["updater"]`, or the choice of the Study in `input_dict["study"]`.

    `run_fn` finds the updater's JSON in `fn_args.custom_config["updater"]` too. The Model artifact
    gets the custom properties of `Injection.properties`; of our own training it gets `updater`,
    `updater_fingerprint` and `seed`.
    """

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Trains and exports. When it raises, TFX removes what was written.

        Raises:
            UpdaterError: the updater cannot be taken; nothing was run then.
            InjectionError: the updater did not make all updates.
        """
        if _is_ours(exec_properties):
            super().Do(input_dict, output_dict, exec_properties)
            properties = self._own
        else:
            choice = _choice(input_dict, exec_properties)
            with injected(choice, _dynamics(exec_properties, output_dict)) as injection:
                super().Do(input_dict, output_dict, exec_properties)
            properties = injection.properties()
        model = artifact_utils.get_single_instance(output_dict[standard_component_specs.MODEL_KEY])
        for name, value in properties.items():
            if isinstance(value, int):
                model.set_int_custom_property(name, value)
            else:
                model.set_string_custom_property(name, value)

    def _GetFnArgs(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> FnArgs:
        fn_args = super()._GetFnArgs(input_dict, output_dict, exec_properties)
        refuse_second(fn_args.custom_config)
        if _is_ours(exec_properties):
            # A transform of the user's own is registered where their model is.
            imported(fn_args.custom_config["model_fn"])
        fn_args.custom_config = {
            **(fn_args.custom_config or {}),
            KEY: Choice.of(_given(input_dict, exec_properties)).document,
            DYNAMICS: int(exec_properties.get(DYNAMICS, 0)),
        }
        if _is_ours(exec_properties):
            fn_args.custom_config = tuned.applied(fn_args.custom_config, fn_args.hyperparameters)
            choice = Choice.of(fn_args.custom_config[KEY])
            self._own = {
                "updater": choice.text,
                "updater_fingerprint": choice.fingerprint,
                "seed": TrainingConfig.from_json(fn_args.custom_config["training"]).seed,
            }
        return fn_args


def _dynamics(exec_properties: dict[str, Any], output_dict: Artifacts) -> list[Any]:
    """What records the updates of every `fit`."""
    every = int(exec_properties.get(DYNAMICS, 0))
    run = artifact_utils.get_single_uri(output_dict[standard_component_specs.MODEL_RUN_KEY])
    return [Dynamics(run, every)] if every else []


def _is_ours(exec_properties: dict[str, Any]) -> bool:
    """Whether the training is our own, which takes the updater itself."""
    return exec_properties.get(standard_component_specs.RUN_FN_KEY) == OUR_TRAINING


def refuse_second(custom_config: Any) -> None:
    """Refuses an updater in `custom_config`, as the node has one.

    Raises:
        ArgumentError: there is one.
    """
    if isinstance(custom_config, dict) and KEY in custom_config:
        raise ArgumentError(
            f"custom_config['{KEY}']: received {custom_config[KEY]!r}; the updater is an argument "
            "of the Trainer, leave it out here"
        )


def _given(input_dict: Artifacts, exec_properties: dict[str, Any]) -> Any:
    """The updater as the node was given it."""
    if input_dict.get(STUDY):
        return chosen(artifact_utils.get_single_instance(input_dict[STUDY]))
    return exec_properties.get(KEY)


def _choice(input_dict: Artifacts, exec_properties: dict[str, Any]) -> Choice:
    given = _given(input_dict, exec_properties)
    try:
        return Choice.of(given)
    except UnknownNameError:
        # A transform of the user's own is registered where their run_fn is.
        udf_utils.get_fn(exec_properties, "run_fn")
        return Choice.of(given)
