"""The contract that every transform and every updater keeps, as checks for your own ones too.

    from tfx_updaters.optimizers.testing import check
    check(MyTransform(0.5))

Each check is a plain function that raises `AssertionError`; it runs on the backend that Keras
has. Several devices and processes are beyond them: `tests/optimizers/` has those.
"""

from collections.abc import Callable, Iterable
from typing import Any

from tfx_updaters.optimizers.testing import state, updates
from tfx_updaters.optimizers.testing.trial import (
    SHAPES,
    Make,
    descend,
    equal,
    gradient,
    maker,
    values,
    variables,
)

__all__ = [
    "CHECKS",
    "SHAPES",
    "check",
    "descend",
    "equal",
    "gradient",
    "maker",
    "values",
    "variables",
]


CHECKS: dict[str, Callable[[Make], None]] = {
    function.__name__: function
    for function in (
        updates.missing_gradients,
        updates.sparse_gradients,
        updates.scalars_and_empty_variables,
        updates.half_precision,
        updates.tiny_gradients_in_half_precision,
        updates.accumulation,
        updates.loss_scale,
        updates.compiled,
        state.resumed,
        updates.order_of_variables,
        updates.learning_rate,
        updates.not_finite,
        updates.two_models,
        state.cloned_and_compiled_again,
        state.round_trips,
        state.state_memory,
    )
}


def check(subject: Any, names: Iterable[str] = ()) -> None:
    """Runs the named checks, or all of them, on a transform, a chain, an updater or a maker.

    Raises:
        AssertionError: a check that does not hold; its note is the check's name.
    """
    make: Any = subject if callable(subject) else maker(subject)
    for name in names or CHECKS:
        try:
            CHECKS[name](make)
        except Exception as error:
            error.add_note(f"in the check '{name}'")
            raise
