"""What the optimizers refuse, in one tree rooted in `UpdaterError`."""

import difflib
from collections.abc import Iterable


class UpdaterError(ValueError):
    """An updater, a transform or a rule that cannot be taken.

    - `UnknownNameError`: no updater, transform or hyper-parameter of that name.
    - `HyperparameterError`: a value of the wrong type or out of range, or a missing one.
    - `RuleError`: a rule by variable path that is malformed, or does not fit the variables.

    Each message says what was received and what is allowed.
    """


class UnknownNameError(UpdaterError):
    """No such name; the message has the nearest one and all that exist."""

    def __init__(self, kind: str, name: object, allowed: Iterable[str]):
        allowed = sorted(allowed)
        near = difflib.get_close_matches(str(name), allowed, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        super().__init__(f"unknown {kind} {name!r}; {hint}allowed: {', '.join(allowed) or 'none'}")


class HyperparameterError(UpdaterError):
    """A hyper-parameter that is missing, of the wrong type, or out of range."""


class RuleError(UpdaterError):
    """A rule by variable path that is malformed, or does not fit the variables."""
