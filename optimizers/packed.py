"""State of many small variables in one variable, so that a step has fewer to read and to assign.

XLA passes each variable that a compiled step reads or writes in and out on its own: on a CPU that
takes longer than the arithmetic on a small one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

# Values of a variable, at most, whose state is packed: to copy more costs what it saves.
MOST = 4096


@dataclass(eq=False)
class Pack:
    """A flat variable, and the parts that follow each other in it."""

    variable: Any = None
    parts: list["Part"] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Part:
    """The state of one variable in a pack.

    Attributes:
        pack: where it is.
        start: of its values in the pack.
        shape: that they have.
    """

    pack: Pack
    start: int
    shape: tuple[int, ...]

    def of(self, whole: Any) -> Any:
        """Its values, as a tensor, of those of the pack."""
        end = self.start + math.prod(self.shape)
        return keras.ops.reshape(whole[self.start : end], self.shape)


def parts(
    optimizer: Any, variables: Mapping[int, Any], dtype: str, name: str, initial: Any
) -> dict[int, Part]:
    """Makes the state of small variables; none for fewer than two.

    Args:
        optimizer: whose state it is.
        variables: whose state has their shapes, by index.
        dtype: of the state.
        name: of the flat variable.
        initial: initializer.

    Returns:
        parts by index.
    """
    small = {i: v for i, v in variables.items() if math.prod(v.shape) <= MOST}
    if len(small) < 2:
        return {}
    pack, size = Pack(), 0
    for variable in small.values():
        pack.parts.append(Part(pack, size, tuple(variable.shape)))
        size += math.prod(variable.shape)
    pack.variable = optimizer.add_variable((size,), initial, dtype=dtype, name=name)
    return dict(zip(small, pack.parts, strict=True))


def whole(pack: Pack, values: Mapping[Part, Any], old: Any) -> Any:
    """The values of a pack: those that are given for parts, the old ones of the others."""
    dtype = keras.backend.standardize_dtype(pack.variable.dtype)
    found = [values[part] if part in values else part.of(old) for part in pack.parts]
    return keras.ops.concatenate([keras.ops.cast(keras.ops.ravel(v), dtype) for v in found])


def unpacked(
    targets: Sequence[Any], values: Sequence[Any], read: Any
) -> tuple[list[Any], list[Any]]:
    """Variables and their new values, where some targets are parts.

    Args:
        targets: variables and parts.
        values: for each.
        read: a variable's value now.
    """
    plain = [(t, v) for t, v in zip(targets, values, strict=True) if not isinstance(t, Part)]
    given: dict[Pack, dict[Part, Any]] = {}
    for target, value in zip(targets, values, strict=True):
        if isinstance(target, Part):
            given.setdefault(target.pack, {})[target] = value
    plain += [(p.variable, whole(p, of_parts, read(p.variable))) for p, of_parts in given.items()]
    return [target for target, _ in plain], [value for _, value in plain]
