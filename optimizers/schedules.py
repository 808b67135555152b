"""A value that changes with the step: Keras' learning-rate schedules, described without Keras."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfx_updaters.optimizers.errors import HyperparameterError, UnknownNameError

KEY = "schedule"
# Arguments of each schedule of `keras.optimizers.schedules`: the needed ones, then the others.
ARGUMENTS = {
    "CosineDecay": (
        ("initial_learning_rate", "decay_steps"),
        ("alpha", "warmup_target", "warmup_steps"),
    ),
    "CosineDecayRestarts": (
        ("initial_learning_rate", "first_decay_steps"),
        ("t_mul", "m_mul", "alpha"),
    ),
    "ExponentialDecay": (
        ("initial_learning_rate", "decay_steps", "decay_rate"),
        ("staircase",),
    ),
    "InverseTimeDecay": (
        ("initial_learning_rate", "decay_steps", "decay_rate"),
        ("staircase",),
    ),
    "PiecewiseConstantDecay": (("boundaries", "values"), ()),
    "PolynomialDecay": (
        ("initial_learning_rate", "decay_steps"),
        ("end_learning_rate", "power", "cycle"),
    ),
}


@dataclass(frozen=True)
class Schedule:
    """A schedule of `keras.optimizers.schedules`, by class name and arguments.

    Any hyper-parameter that takes a number takes a schedule: its value is the schedule's at the
    number of updates done so far. "learning_rate" in an argument's name then means that
    hyper-parameter.
    """

    name: str
    arguments: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Refuses an unknown schedule, and arguments that it does not take or lacks."""
        if not isinstance(self.name, str) or self.name not in ARGUMENTS:
            raise UnknownNameError("schedule", self.name, ARGUMENTS)
        needed, optional = ARGUMENTS[self.name]
        for argument in self.arguments:
            if argument not in needed + optional:
                raise UnknownNameError(f"argument of {self.name}", argument, needed + optional)
        missing = [argument for argument in needed if argument not in self.arguments]
        if missing:
            raise HyperparameterError(f"{self.name}: {', '.join(missing)} missing")

    def to_json(self) -> dict[str, Any]:
        """`{"schedule": name, argument: value, ...}`, which `taken` takes back."""
        return {KEY: self.name, **self.arguments}

    def keras(self) -> Any:
        """The Keras object; imports Keras.

        Raises:
            HyperparameterError: Keras refuses an argument's value.
        """
        import keras

        try:
            return getattr(keras.optimizers.schedules, self.name)(**self.arguments)
        except (TypeError, ValueError) as error:
            raise HyperparameterError(f"{self.name}: {error}") from error

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.arguments.items())})"


def taken(value: Any) -> Any:
    """The schedule that a value describes, or the value as it is.

    Taken are a `Schedule`, its JSON, and an object of a class in `keras.optimizers.schedules`.

    Raises:
        UnknownNameError, HyperparameterError: a description that fits no schedule.
    """
    if isinstance(value, Mapping) and KEY in value:
        return Schedule(value[KEY], {k: v for k, v in value.items() if k != KEY})
    keras = sys.modules.get("keras")
    if keras and isinstance(value, keras.optimizers.schedules.LearningRateSchedule):
        needed, optional = ARGUMENTS.get(type(value).__name__, ((), ()))
        config = value.get_config()
        return Schedule(
            type(value).__name__,
            {k: config[k] for k in needed + optional if config.get(k) is not None},
        )
    return value
