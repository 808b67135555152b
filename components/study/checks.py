"""Checks of what a study is asked to do: what was received, what is allowed."""

from collections.abc import Sequence
from typing import Any

from tfx_updaters.components.errors import StudyError


def need(fits: bool, name: str, value: Any, allowed: str) -> None:
    """Refuses a value.

    Raises:
        StudyError: it does not fit.
    """
    if not fits:
        raise StudyError(f"{name}: received {value!r}; {allowed} is allowed")


def distinct(what: str, names: Sequence[str]) -> None:
    """Refuses names of which two are equal.

    Raises:
        StudyError: two are.
    """
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise StudyError(f"{what}: received '{twice[0]}' twice; each is allowed once")


def whole(value: Any, low: int) -> bool:
    """Whether it is a whole number from `low` on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= low


def real(value: Any) -> bool:
    """Whether it is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def part(value: Any) -> bool:
    """Whether it lies between 0 and 1."""
    return real(value) and 0 < value < 1
