"""A rule: the value of a hyper-parameter for each variable.

A number or a schedule is the same for all. `{path regex: value, "default": value}` searches each
pattern in the variable's path. A preset knows a pattern that is tedious to write.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tfx_updaters.optimizers.errors import RuleError
from tfx_updaters.optimizers.presets import Preset
from tfx_updaters.optimizers.schedules import Schedule

DEFAULT = "default"
Value = float | Schedule
Rule = Value | Mapping[str, Value] | Preset


def check_patterns(name: str, rule: Mapping) -> None:
    """Refuses an empty mapping, and a key that is no regular expression."""
    if not rule:
        raise RuleError(f"{name}: an empty mapping; {{path regex: value, 'default': value}} needed")
    for pattern in rule:
        check_pattern(name, pattern)


def check_pattern(name: str, pattern: Any) -> None:
    """Refuses what is no regular expression."""
    try:
        re.compile(pattern)
    except (re.error, TypeError) as error:
        raise RuleError(f"{name}: {pattern!r} is no regular expression: {error}") from error


def matches(name: str, pattern: str, paths: Sequence[str]) -> list[bool]:
    """Whether the pattern is found in each path.

    Raises:
        RuleError: it is found in none; the message lists the paths.
    """
    found = [re.search(pattern, path) is not None for path in paths]
    if not any(found):
        raise RuleError(f"{name}: {pattern!r} matches no variable{_listing(paths)}")
    return found


def resolve(name: str, rule: Rule, paths: Sequence[str]) -> list[Value]:
    """The value for each variable.

    Raises:
        RuleError: a pattern matches no variable, or a variable is matched by two patterns, or
            by none where there is no default. The message lists the paths.
    """
    if isinstance(rule, Preset):
        return list(rule.values(paths))
    if not isinstance(rule, Mapping):
        return [rule] * len(paths)
    hits = {p: matches(name, p, paths) for p in rule if p != DEFAULT}
    values = []
    for place, path in enumerate(paths):
        found = [pattern for pattern, where in hits.items() if where[place]]
        if len(found) > 1:
            raise RuleError(
                f"{name}: {path} is matched by {found}; one is allowed{_listing(paths)}"
            )
        if not found and DEFAULT not in rule:
            raise RuleError(
                f"{name}: {path} is matched by no pattern; add a 'default'{_listing(paths)}"
            )
        values.append(rule[found[0] if found else DEFAULT])
    return values


def _listing(paths: Sequence[str]) -> str:
    return "; the variables: " + ", ".join(paths)
