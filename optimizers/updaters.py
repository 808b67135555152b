"""Named updaters: each a chain of transforms with a learning rate, from names, values or JSON."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

from tfx_updaters.optimizers.errors import UnknownNameError, UpdaterError
from tfx_updaters.optimizers.hyper import Range
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Transform, transform_from_json
from tfx_updaters.optimizers.transforms import AddDecayedWeights, Clip, Trace

KEY, CHAIN, RATE = "updater", "transforms", "learning_rate"
ARTICLE = (
    "How does a custom parameter update affect TensorFlow convolutional network performance? (2025)"
)


@dataclasses.dataclass(frozen=True)
class Hyperparameter:
    """A named value of an updater: its default, what it allows, what it means."""

    name: str
    default: Rule
    allowed: Range
    help: str


@dataclasses.dataclass(frozen=True)
class Updater:
    """An entry of the catalogue.

    Attributes:
        name: what the command line and JSON call it.
        summary: what it does, in a sentence.
        when: when to use it.
        source: where it comes from.
        hyperparameters: the learning rate first.
        chain: makes the transforms from the hyper-parameters' values by name.
    """

    name: str
    summary: str
    when: str
    source: str
    hyperparameters: tuple[Hyperparameter, ...]
    chain: Callable[[Mapping[str, Any]], tuple[Transform, ...]] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class UpdaterConfig:
    """An updater with its hyper-parameters chosen and checked.

    Attributes:
        name: of the updater; `chain` for one that was spelt out as transforms.
        learning_rate: the step size.
        transforms: what the chain runs, in order.
        hyperparameters: all values by name; empty for `chain`.
    """

    name: str
    learning_rate: float
    transforms: tuple[Transform, ...]
    hyperparameters: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` takes back, with every default written out."""
        if self.name == "chain":
            return {RATE: self.learning_rate, CHAIN: [t.to_json() for t in self.transforms]}
        return {KEY: self.name, **self.hyperparameters}

    def describe(self) -> str:
        """The chain and the learning rate in a line."""
        steps = [str(transform) for transform in self.transforms]
        return " -> ".join([*steps, f"learning rate {self.learning_rate:g}"])

    def optimizer(self, **keras_arguments: Any):
        """A new `ChainedOptimizer`; imports Keras."""
        from tfx_updaters.optimizers.chain import ChainedOptimizer

        return ChainedOptimizer(
            float(self.learning_rate), self.transforms, name=self.name, **keras_arguments
        )


def _rate(default: float) -> Hyperparameter:
    allowed = Range(0, open_low=True, rule=False)
    return Hyperparameter(RATE, default, allowed, "the step size")


def _of(transform: type[Transform], field: str, name: str, default: float) -> Hyperparameter:
    """A hyper-parameter of a transform, under the name that the article gives it."""
    declared = next(f for f in dataclasses.fields(transform) if f.name == field)  # type: ignore[arg-type]
    meta = declared.metadata
    return Hyperparameter(name, default, meta["allowed"], meta["help"])


_CLIP = _of(Clip, "max_abs", "max_gradient_value", 1.0)
_DECAY = _of(AddDecayedWeights, "rate", "weight_decay_rate", 0.0005)
_MOMENTUM = _of(Trace, "momentum", "layer_momentum_coefs", 0.9)

# The article's rate of 0.001 does not train a small CNN in a few hundred steps. The catalogue's
# defaults do (scikit-learn's digits, 9 epochs); the article's classes keep the article's.
_CATALOGUE = {
    updater.name: updater
    for updater in (
        Updater(
            "article",
            "Element-wise clip, then weight decay added to the gradient, then momentum per layer.",
            "the three ideas together: the default.",
            ARTICLE,
            (_rate(0.05), _CLIP, _DECAY, _MOMENTUM),
            lambda v: (
                Clip(v["max_gradient_value"]),
                AddDecayedWeights(v["weight_decay_rate"]),
                Trace(v["layer_momentum_coefs"]),
            ),
        ),
        Updater(
            "magnitude_clip",
            "Limits each component of the gradient to a largest magnitude.",
            "outliers in the data make single components spike.",
            f"{ARTICLE}, example 1; Pascanu et al. (2013), section 3.2",
            (_rate(0.1), _CLIP),
            lambda v: (Clip(v["max_gradient_value"]),),
        ),
        Updater(
            "custom_weight_decay",
            "Adds a share of the weight to its gradient (coupled, as L2 in the loss).",
            "the model memorizes the train split.",
            f"{ARTICLE}, example 2; Krogh & Hertz (1991), equation 3",
            (_rate(0.1), _DECAY),
            lambda v: (AddDecayedWeights(v["weight_decay_rate"]),),
        ),
        Updater(
            "per_layer_momentum",
            "Momentum with a coefficient for each layer.",
            "layers differ much in size, or in how noisy their gradients are.",
            f"{ARTICLE}, example 3; Polyak (1964); Sutskever et al. (2013), section 2",
            (_rate(0.05), _MOMENTUM),
            lambda v: (Trace(v["layer_momentum_coefs"]),),
        ),
        Updater(
            "sgd",
            "The gradient as it is.",
            "the reference that an update is compared with.",
            "Robbins & Monro (1951)",
            (_rate(0.1),),
            lambda v: (),
        ),
    )
}


def names() -> tuple[str, ...]:
    """The updaters of the catalogue, the default first."""
    return tuple(_CATALOGUE)


def get(name: str) -> Updater:
    """The catalogue's entry.

    Raises:
        UnknownNameError: no such updater; the message has the nearest name.
    """
    if not isinstance(name, str) or name not in _CATALOGUE:
        raise UnknownNameError("updater", name, _CATALOGUE)
    return _CATALOGUE[name]


def configure(name: str, /, **hyperparameters: Any) -> UpdaterConfig:
    """The updater `name` with these hyper-parameters, the others at their defaults.

    Raises:
        UnknownNameError: no such updater or hyper-parameter.
        HyperparameterError, RuleError: a value that is refused.
    """
    updater = get(name)
    known = {hyper.name: hyper for hyper in updater.hyperparameters}
    for key in hyperparameters:
        if key not in known:
            raise UnknownNameError(f"hyper-parameter of {name}", key, known)
    values = {key: hyperparameters.get(key, hyper.default) for key, hyper in known.items()}
    for key, value in values.items():
        known[key].allowed.check(key, value)
    return UpdaterConfig(name, values[RATE], updater.chain(values), values)


def from_json(document: str | Mapping[str, Any]) -> UpdaterConfig:
    """The updater of a JSON text, or of what it parses to.

    Either `{"updater": name, hyper-parameter: value, ...}`, or a chain spelt out:
    `{"learning_rate": 0.05, "transforms": [{"transform": "clip", "max_abs": 1.0}, ...]}`.

    Raises:
        UpdaterError: the text does not parse (line and column), or is neither of the two.
    """
    if isinstance(document, str):
        document = _parsed(document)
    if isinstance(document, Mapping) and KEY in document:
        return configure(document[KEY], **{k: v for k, v in document.items() if k != KEY})
    if isinstance(document, Mapping) and set(document) == {RATE, CHAIN}:
        return _spelt_out(document[RATE], document[CHAIN])
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


def _spelt_out(learning_rate: Any, chain: Any) -> UpdaterConfig:
    _rate(0).allowed.check(RATE, learning_rate)
    if not isinstance(chain, list | tuple):
        raise UpdaterError(f"{CHAIN}: received {chain!r}; a list of transforms is needed")
    transforms = tuple(transform_from_json(item) for item in chain)
    return UpdaterConfig("chain", learning_rate, transforms, {})


def parse_value(text: str) -> Any:
    """A value typed by hand: as JSON where it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
