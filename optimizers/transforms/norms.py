"""Norms in float32, whatever the precision of the update: squares overflow float16 at 256."""

from collections.abc import Sequence
from typing import Any

from tfx_updaters.optimizers import ops


def squares(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum of squares, over all axes unless some are named."""
    return ops.sum(ops.square(ops.cast(x, "float32")), axis=axis, keepdims=keepdims)


def norm(x: Any) -> Any:
    """The Euclidean norm of a tensor, a float32 scalar; 0 for an empty one."""
    return ops.sqrt(squares(x))


def global_norm(tensors: Sequence[Any]) -> Any:
    """The Euclidean norm of all tensors put together, a float32 scalar."""
    return ops.sqrt(ops.sum(ops.stack([squares(x) for x in tensors])))


def dot(a: Any, b: Any) -> Any:
    """The inner product of two tensors, a float32 scalar."""
    return ops.sum(ops.cast(a, "float32") * ops.cast(b, "float32"))


def unit_axes(x: Any) -> tuple[int, ...] | None:
    """The axes along which components belong to one output unit; None if all do.

    Keras has the units on the last axis of a kernel: the others are its inputs. A bias, as any
    vector, and a scalar count as one unit.
    """
    return None if len(x.shape) < 2 else tuple(range(len(x.shape) - 1))


def unit_norms(x: Any) -> Any:
    """The norm of each output unit, in a shape that spreads over `x`."""
    axes = unit_axes(x)
    return norm(x) if axes is None else ops.sqrt(squares(x, axis=axes, keepdims=True))


def scaled(x: Any, factor: Any) -> Any:
    """x * factor, in the precision of `x`."""
    return ops.cast(ops.cast(x, "float32") * factor, x.dtype)


def clipped(update: Any, following: Any, axes: Any = ()) -> dict[str, Any]:
    """The statistic `clipped`: the share of components, or of units, that a clip made shorter.

    Args:
        update, following: before and after it.
        axes: those along which components belong to one unit; None is all axes.
    """
    if 0 in update.shape:
        return {"clipped": ops.zeros((), "float32")}
    shorter = ops.less(ops.abs(following), ops.abs(update))
    units = ops.any(shorter, axis=axes, keepdims=True)
    return {"clipped": ops.mean(ops.cast(units, "float32"))}
