"""Updaters by name, or from JSON: chosen, checked, and turned into an optimizer."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from tfx_updaters.optimizers.catalogue import CATALOGUE, RATE, Updater
from tfx_updaters.optimizers.errors import UnknownNameError, UpdaterError
from tfx_updaters.optimizers.hyper import Range
from tfx_updaters.optimizers.schedules import Schedule
from tfx_updaters.optimizers.transform import Transform, chain_of, plain

KEY, CHAIN = "updater", "transforms"
SPELT_OUT = "chain"


@dataclasses.dataclass(frozen=True)
class UpdaterConfig:
    """An updater with its hyper-parameters chosen and checked.

    Attributes:
        name: of the updater; `chain` for one that was spelt out as transforms.
        learning_rate: the step size, or its schedule.
        transforms: what the chain runs, in order.
        hyperparameters: all values by name; empty for `chain`.
    """

    name: str
    learning_rate: float | Schedule
    transforms: tuple[Transform, ...]
    hyperparameters: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` takes back, with every default written out."""
        if self.name == SPELT_OUT:
            chain = [transform.to_json() for transform in self.transforms]
            return {RATE: plain(self.learning_rate), CHAIN: chain}
        return {KEY: self.name, **{k: plain(v) for k, v in self.hyperparameters.items()}}

    def describe(self) -> str:
        """The chain and the learning rate in a line."""
        rate = self.learning_rate
        text = str(rate) if isinstance(rate, Schedule) else f"{rate:g}"
        return " -> ".join([*map(str, self.transforms), f"learning rate {text}"])

    def optimizer(self, **keras_arguments: Any):
        """A new `ChainedOptimizer`; imports Keras.

        Args:
            **keras_arguments: as `keras.optimizers.Optimizer` takes them.
        """
        from tfx_updaters.optimizers.chain import ChainedOptimizer

        return ChainedOptimizer(
            self.learning_rate, self.transforms, name=self.name, **keras_arguments
        )


def names() -> tuple[str, ...]:
    """The updaters of the catalogue, the default first."""
    return tuple(CATALOGUE)


def entry(name: str) -> Updater:
    """The catalogue's entry.

    Raises:
        UnknownNameError: no such updater; the message has the nearest name.
    """
    if not isinstance(name, str) or name not in CATALOGUE:
        raise UnknownNameError("updater", name, CATALOGUE)
    return CATALOGUE[name]


def get(name: str, /, **hyperparameters: Any) -> UpdaterConfig:
    """The updater `name` with these hyper-parameters, the others at their defaults.

    Raises:
        UnknownNameError: no such updater or hyper-parameter.
        HyperparameterError, RuleError: a value that is refused.
    """
    updater = entry(name)
    known = {hyper.name: hyper for hyper in updater.hyperparameters}
    for key in hyperparameters:
        if key not in known:
            raise UnknownNameError(f"hyper-parameter of {name}", key, known)
    values = {
        key: hyper.allowed.taken(key, hyperparameters.get(key, hyper.default))
        for key, hyper in known.items()
    }
    return UpdaterConfig(name, values[RATE], updater.chain(values), values)


def from_json(document: str | Mapping[str, Any]) -> UpdaterConfig:
    """The updater of a JSON text, or of what it parses to.

    Either `{"updater": name, hyper-parameter: value, ...}`, or a chain spelt out:
    `{"learning_rate": 0.05, "transforms": [{"transform": "clip", "max_abs": 1.0}, ...]}`.
    Nothing that it names is imported or run: only what is registered can be named.

    Raises:
        UpdaterError: the text does not parse (line and column), or is neither of the two.
    """
    if isinstance(document, str):
        document = _parsed(document)
    if isinstance(document, Mapping) and KEY in document:
        return get(document[KEY], **{k: v for k, v in document.items() if k != KEY})
    if isinstance(document, Mapping) and set(document) == {RATE, CHAIN}:
        rate = Range(0, open_low=True).taken(RATE, document[RATE])
        return UpdaterConfig(SPELT_OUT, rate, chain_of(document[CHAIN]), {})
    raise UpdaterError(
        f"received {document!r}; an object with '{KEY}' and hyper-parameters, "
        f"or one with '{RATE}' and '{CHAIN}', is needed"
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UpdaterError(
            f"no JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error


def parse_value(text: str) -> Any:
    """A value typed by hand: as JSON where it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
