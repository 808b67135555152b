"""A hyper-parameter per variable: a number, or `{path regex: number, "default": number}`."""

import re
from collections.abc import Mapping, Sequence

from tfx_updaters.optimizers.errors import RuleError

DEFAULT = "default"
Rule = float | Mapping[str, float]


def check_patterns(name: str, rule: Mapping) -> None:
    """Refuses an empty mapping, and a key that is no regular expression."""
    if not rule:
        raise RuleError(f"{name}: an empty mapping; {{path regex: value, 'default': value}} needed")
    for pattern in rule:
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            raise RuleError(f"{name}: {pattern!r} is no regular expression: {error}") from error


def resolve(name: str, rule: Rule, paths: Sequence[str]) -> list[float]:
    """The value for each variable; patterns are searched for in its path.

    Raises:
        RuleError: a pattern matches no variable, or a variable is matched by two patterns, or
            by none where there is no default. The message lists the paths.
    """
    if not isinstance(rule, Mapping):
        return [rule] * len(paths)
    patterns = [pattern for pattern in rule if pattern != DEFAULT]
    matches = [[p for p in patterns if re.search(p, path)] for path in paths]
    listing = "; the variables: " + ", ".join(paths)
    for pattern in patterns:
        if not any(pattern in found for found in matches):
            raise RuleError(f"{name}: {pattern!r} matches no variable{listing}")
    for path, found in zip(paths, matches, strict=True):
        if len(found) > 1:
            raise RuleError(f"{name}: {path} is matched by {found}; one is allowed{listing}")
        if not found and DEFAULT not in rule:
            raise RuleError(f"{name}: {path} is matched by no pattern; add a 'default'{listing}")
    return [rule[found[0] if found else DEFAULT] for found in matches]
