"""The declaration of a hyper-parameter: its default, what it allows and what it means."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Protocol

from tfx_updaters.optimizers import presets, schedules
from tfx_updaters.optimizers.errors import HyperparameterError, RuleError
from tfx_updaters.optimizers.presets import Preset
from tfx_updaters.optimizers.rules import check_pattern, check_patterns
from tfx_updaters.optimizers.schedules import Schedule

REQUIRED = dataclasses.MISSING


class Allowed(Protocol):
    """What a hyper-parameter takes; its text says so in an error's sentence."""

    def taken(self, name: str, value: Any) -> Any:
        """The value as it is kept; raises `HyperparameterError` or `RuleError`."""
        ...


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers, for all variables or by rule.

    Attributes:
        low: the smallest, or what it must exceed where `open_low`.
        high: what it must stay below, or the largest where not `open_high`.
        rule: whether a schedule, a mapping from path regex to number, and a preset are taken.
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = True
    rule: bool = True

    def __str__(self) -> str:
        low = "" if self.low == -math.inf else f" {'>' if self.open_low else '>='} {self.low:g}"
        high = "" if self.high == math.inf else f" {'<' if self.open_high else '<='} {self.high:g}"
        more = ", a schedule, {path regex: number, 'default': number} or a preset"
        return f"a number{low}{' and' if low and high else ''}{high}{more if self.rule else ''}"

    def taken(self, name: str, value: Any) -> Any:
        """A number as it is; a mapping, a schedule or a preset checked, and as an object."""
        if not self.rule:
            self._check_number(name, value)
            return value
        value = schedules.taken(presets.taken(value))
        if isinstance(value, Preset):
            for number in value.numbers():
                self._check_number(f"{name} ({value.name})", number)
        elif isinstance(value, Mapping):
            check_patterns(name, value)
            value = {pattern: schedules.taken(item) for pattern, item in value.items()}
            for pattern, item in value.items():
                self._check_value(f"{name}[{pattern!r}]", item)
        else:
            self._check_value(name, value)
        return value

    def _check_value(self, name: str, value: Any) -> None:
        if not isinstance(value, Schedule):
            self._check_number(name, value)

    def _check_number(self, name: str, value: Any) -> None:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if fits:
            fits = math.isfinite(value) and self.low <= value <= self.high
            fits = fits and not (self.open_low and value == self.low)
            fits = fits and not (self.open_high and value == self.high)
        if not fits:
            raise HyperparameterError(f"{name}: received {value!r}; {self} is allowed")


@dataclasses.dataclass(frozen=True)
class Whole:
    """A whole number of `low` or more."""

    low: int = 1

    def __str__(self) -> str:
        return f"a whole number >= {self.low}"

    def taken(self, name: str, value: Any) -> int:
        """The number."""
        if not isinstance(value, int) or isinstance(value, bool) or value < self.low:
            raise HyperparameterError(f"{name}: received {value!r}; {self} is allowed")
        return value


@dataclasses.dataclass(frozen=True)
class Several:
    """A list of one number or more, each in a range; kept as a tuple."""

    each: Range

    def __str__(self) -> str:
        return f"a list, each item {self.each},"

    def taken(self, name: str, value: Any) -> tuple[float, ...]:
        """The numbers."""
        if not isinstance(value, list | tuple) or not value:
            raise HyperparameterError(f"{name}: received {value!r}; {self} is allowed")
        return tuple(self.each.taken(f"{name}[{i}]", item) for i, item in enumerate(value))


class Flag:
    """True or false."""

    def __str__(self) -> str:
        return "true or false"

    def taken(self, name: str, value: Any) -> bool:
        """The flag."""
        if not isinstance(value, bool):
            raise HyperparameterError(f"{name}: received {value!r}; {self} is allowed")
        return value


class Pattern:
    """A regular expression, searched for in a variable's path."""

    def __str__(self) -> str:
        return "a regular expression"

    def taken(self, name: str, value: Any) -> str:
        """The pattern."""
        if not isinstance(value, str) or not value:
            raise RuleError(f"{name}: received {value!r}; {self} is allowed")
        check_pattern(name, value)
        return value


def hyper(allowed: Allowed, help: str, default: Any = REQUIRED) -> Any:
    """A dataclass field with what it allows and what it means."""
    metadata = {"allowed": allowed, "help": help}
    if default is REQUIRED:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)
