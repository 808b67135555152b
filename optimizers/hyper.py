"""The declaration of a hyper-parameter: its default, its range and what it means."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from tfx_updaters.optimizers.errors import HyperparameterError
from tfx_updaters.optimizers.rules import check_patterns

REQUIRED = dataclasses.MISSING


@dataclasses.dataclass(frozen=True)
class Range:
    """Which numbers a hyper-parameter takes.

    Attributes:
        low: the smallest, or what it must exceed where `open_low`.
        high: what it must stay below; infinite where there is no bound.
        rule: whether a mapping from path regex to number is taken too.
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    rule: bool = True

    def __str__(self) -> str:
        low = "" if self.low == -math.inf else f" {'>' if self.open_low else '>='} {self.low:g}"
        high = "" if self.high == math.inf else f" < {self.high:g}"
        mapping = " or {path regex: number, 'default': number}" if self.rule else ""
        return f"a number{low}{' and' if low and high else ''}{high}{mapping}"

    def check(self, name: str, value: Any) -> None:
        """Refuses what is no number of this range, nor a rule of them.

        Raises:
            HyperparameterError: wrong type, not finite, or out of range.
            RuleError: a mapping whose keys are no regular expressions.
        """
        if self.rule and isinstance(value, Mapping):
            check_patterns(name, value)
            for pattern, item in value.items():
                self._check_number(f"{name}[{pattern!r}]", item)
        else:
            self._check_number(name, value)

    def _check_number(self, name: str, value: Any) -> None:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if fits:
            fits = math.isfinite(value) and self.low <= value < self.high
            fits = fits and not (self.open_low and value == self.low)
        if not fits:
            raise HyperparameterError(f"{name}: received {value!r}; {self} is allowed")


class Flag:
    """A hyper-parameter that is true or false."""

    def __str__(self) -> str:
        return "true or false"

    def check(self, name: str, value: Any) -> None:
        """Refuses what is not a bool."""
        if not isinstance(value, bool):
            raise HyperparameterError(f"{name}: received {value!r}; {self} is allowed")


def hyper(allowed: Range | Flag, help: str, default: Any = REQUIRED) -> Any:
    """A dataclass field with what it allows and what it means."""
    metadata = {"allowed": allowed, "help": help}
    if default is REQUIRED:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)
