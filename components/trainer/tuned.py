"""What a Tuner found, put where it belongs: into the updater or the model's arguments."""

import copy
import inspect
from collections.abc import Mapping
from typing import Any

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.trainer import model
from tfx_updaters.optimizers import entry


def applied(custom: Mapping[str, Any], hyperparameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """The custom configuration with the best hyper-parameters in it.

    A name is a hyper-parameter of the updater or else an argument of the `model_fn`.

    Args:
        custom: the Trainer's custom configuration.
        hyperparameters: KerasTuner's, as its Tuner writes them; None without a Tuner.

    Raises:
        ArgumentError: a name that is neither.
    """
    values = (hyperparameters or {}).get("values", {})
    updater, arguments = copy.deepcopy(custom["updater"]), dict(custom.get("model_args") or {})
    place, of_updater = _of_updater(updater)
    of_model = inspect.signature(model.imported(custom["model_fn"])).parameters
    for name, value in values.items():
        if name in of_updater:
            place[name] = value
        elif name in of_model:
            arguments[name] = value
        else:
            raise ArgumentError(
                f"tuned hyper-parameter '{name}' is none of the updater ({', '.join(of_updater)}) "
                f"and none of {custom['model_fn']} ({', '.join(of_model)})"
            )
    return {**custom, "updater": updater, "model_args": arguments}


def _of_updater(updater: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Where the updater's JSON has its hyper-parameters, and their names."""
    if "updater" in updater:
        return updater, [hyper.name for hyper in entry(updater["updater"]).hyperparameters]
    if "class_name" in updater:  # An optimizer that Keras serialized.
        return updater["config"], list(updater["config"])
    return updater, ["learning_rate"]
