"""The learning rate of a chosen updater, multiplied: what a study tunes."""

from collections.abc import Mapping
from typing import Any

from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.optimizers import from_json

RATE = "learning_rate"
# Arguments of Keras' schedules that are rates; `alpha` is a share of one.
RATES = (RATE, "initial_learning_rate", "end_learning_rate", "warmup_target", "values")


def multiplied(choice: Choice, factor: float) -> Choice:
    """The updater with its learning rate, or all rates of its schedule, times `factor`."""
    document = dict(choice.document)
    if "class_name" in document:
        config = {**document["config"]}
        document["config"] = {**config, RATE: _times(config[RATE], factor)}
    else:
        document[RATE] = _times(document[RATE], factor)
    return Choice(document)


def of(choice: Choice) -> Any:
    """The learning rate: a number, or the description of a schedule."""
    return choice.document.get("config", choice.document)[RATE]


def text(choice: Choice) -> str:
    """The learning rate of the updater, in a word."""
    rate = of(choice)
    if isinstance(rate, Mapping):
        return str(rate.get("schedule") or rate.get("class_name"))
    return f"{rate:.3g}"


def chain(choice: Choice, *, tuned: bool) -> Any:
    """What makes two arms the same: the updates spelt out, with their rate if it is not tuned."""
    document = choice.document
    if "class_name" in document:
        spelt: dict[str, Any] = {"class": document["class_name"], **document["config"]}
    else:
        config = from_json(document)
        transforms = [transform.to_json() for transform in config.transforms]
        spelt = {RATE: document[RATE], "transforms": transforms}
    return {name: value for name, value in spelt.items() if not (tuned and name == RATE)}


def _times(value: Any, factor: float) -> Any:
    match value:
        case Mapping():
            if "class_name" in value:
                return {**value, "config": _times(value["config"], factor)}
            return {k: _times(v, factor) if k in RATES else v for k, v in value.items()}
        case list() | tuple():
            return [_times(each, factor) for each in value]
        case _:
            return None if value is None else value * factor
