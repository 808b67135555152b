"""Rules that are asked for often: no decay on biases, a value by depth, frozen layers."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tfx_updaters.optimizers.errors import HyperparameterError, RuleError, UnknownNameError

KEY = "preset"
# The names that Keras gives to the variables of biases and of normalization layers.
BIAS_OR_NORM = re.compile(r"(^|/)(bias|recurrent_bias|gamma|beta|scale)$")


@dataclasses.dataclass(frozen=True)
class Preset:
    """A rule with a name; a frozen dataclass whose fields are its numbers.

    Attributes:
        name: what JSON calls it: `{"preset": name, field: value, ...}`.
    """

    name: ClassVar[str] = ""

    def values(self, paths: Sequence[str]) -> Sequence[float]:
        """The value for each variable, by its path."""
        raise NotImplementedError(f"{type(self).__name__}.values")

    def numbers(self) -> Sequence[float]:
        """The values that variables can get, to be checked against a range."""
        raise NotImplementedError(f"{type(self).__name__}.numbers")

    def to_json(self) -> dict[str, Any]:
        """Plain data that `taken` takes back."""
        return {KEY: self.name, **dataclasses.asdict(self)}

    def __str__(self) -> str:
        fields = dataclasses.asdict(self).items()
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in fields)})"


@dataclasses.dataclass(frozen=True)
class WeightsOnly(Preset):
    """`value` for kernels and embeddings, 0 for biases and the variables of normalization.

    The usual rule for a decay: T. He et al., Bag of Tricks (2019), section 3.1.
    """

    name = "weights_only"
    value: float

    def values(self, paths: Sequence[str]) -> Sequence[float]:
        """0 where the path ends in bias, gamma, beta or scale."""
        return [0.0 if BIAS_OR_NORM.search(path) else self.value for path in paths]

    def numbers(self) -> Sequence[float]:
        """The value and 0."""
        return (self.value, 0.0)


@dataclasses.dataclass(frozen=True)
class LayerDecay(Preset):
    """`value` for the last layer, `factor` times as much for each layer before it.

    Layers are counted in the order in which the optimizer got their variables; a layer is a path
    without its last part. Source: J. Howard and S. Ruder, ULMFiT (2018), section 3.2.
    """

    name = "layer_decay"
    value: float
    factor: float

    def values(self, paths: Sequence[str]) -> Sequence[float]:
        """value * factor ** (layers above)."""
        layers = list(dict.fromkeys(path.rpartition("/")[0] for path in paths))
        above = {layer: len(layers) - 1 - place for place, layer in enumerate(layers)}
        return [self.value * self.factor ** above[path.rpartition("/")[0]] for path in paths]

    def numbers(self) -> Sequence[float]:
        """The value; and 0, which a factor below 1 approaches."""
        if not isinstance(self.factor, int | float) or not 0 < self.factor <= 1:
            raise HyperparameterError(
                f"layer_decay.factor: received {self.factor!r}; a number > 0 and <= 1 is allowed"
            )
        return (self.value,)


@dataclasses.dataclass(frozen=True)
class Frozen(Preset):
    """0 for the variables whose path has the pattern, 1 for all others: for `Scale`."""

    name = "frozen"
    pattern: str

    def values(self, paths: Sequence[str]) -> Sequence[float]:
        """0 where the pattern is found.

        Raises:
            RuleError: the pattern is found nowhere; the message lists the paths.
        """
        found = [re.search(self.pattern, path) is not None for path in paths]
        if not any(found):
            raise RuleError(
                f"frozen: {self.pattern!r} matches no variable; the variables: {', '.join(paths)}"
            )
        return [0.0 if hit else 1.0 for hit in found]

    def numbers(self) -> Sequence[float]:
        """0 and 1."""
        try:
            re.compile(self.pattern)
        except (re.error, TypeError) as error:
            raise RuleError(f"frozen: {self.pattern!r} is no regular expression") from error
        return (0.0, 1.0)


@dataclasses.dataclass(frozen=True)
class ByOrder(Preset):
    """A value for each variable, in the order in which the optimizer got them."""

    name = "by_order"
    each: Sequence[float]

    def values(self, paths: Sequence[str]) -> Sequence[float]:
        """The values as they are.

        Raises:
            RuleError: there are more or fewer than variables; the message lists the paths.
        """
        if len(self.each) != len(paths):
            raise RuleError(
                f"{len(self.each)} values for {len(paths)} variables: {', '.join(paths)}"
            )
        return self.each

    def numbers(self) -> Sequence[float]:
        """All of them."""
        return self.each

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {KEY: self.name, "each": list(self.each)}


PRESETS = {preset.name: preset for preset in (WeightsOnly, LayerDecay, Frozen, ByOrder)}


def taken(value: Any) -> Any:
    """The preset that JSON describes, or the value as it is.

    Raises:
        UnknownNameError: no such preset, or a field that it does not have.
        HyperparameterError: a field is missing.
    """
    if not (isinstance(value, Mapping) and KEY in value):
        return value
    name = value[KEY]
    if not isinstance(name, str) or name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    fields = [field.name for field in dataclasses.fields(PRESETS[name])]
    given = {key: item for key, item in value.items() if key != KEY}
    for key in given:
        if key not in fields:
            raise UnknownNameError(f"field of preset {name}", key, fields)
    missing = [key for key in fields if key not in given]
    if missing:
        raise HyperparameterError(f"preset {name}: {', '.join(missing)} missing")
    return PRESETS[name](**given)
