"""Checks of what a step does to the variables."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from tfx_updaters.optimizers import apply
from tfx_updaters.optimizers.testing.trial import (
    SHAPES,
    Make,
    descend,
    equal,
    gradient,
    tensor,
    values,
    variables,
)


def missing_gradients(make: Make) -> None:
    """A variable without a gradient stays, and the others move."""
    trained = variables()
    optimizer = make()
    before = values(trained)
    for step in range(3):
        gradients = [tensor(gradient(v, step)) for v in trained]
        gradients[1] = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer.apply(gradients, trained)
    after = values(trained)
    equal(after[1:2], before[1:2], tolerance=0)
    assert not np.allclose(after[0], before[0])


def scalars_and_empty_variables(make: Make) -> None:
    """A scalar moves; a variable without elements does no harm."""
    trained = variables(bias=(0, 3))
    before = values(trained)
    after = descend(make(), trained, range(4))
    assert all(np.all(np.isfinite(value)) for value in after)
    assert after[1].shape == (0, 3)
    assert after[3] != before[3]


def half_precision(make: Make) -> None:
    """Half-precision variables stay so, and go where single precision goes."""
    single = descend(make(), variables(), range(3))
    for dtype in ("float16", "bfloat16"):
        trained = variables(dtype)
        ours = descend(make(), trained, range(3))
        assert {keras.backend.standardize_dtype(v.dtype) for v in trained} == {dtype}
        equal(ours, single, tolerance=0.1)


def tiny_gradients_in_half_precision(make: Make) -> None:
    """A gradient whose square is 0 in float16 makes no step that is not finite."""
    trained = variables("float16")
    optimizer = make()
    for _ in range(2):
        optimizer.apply([keras.ops.full(v.shape, 1e-6, "float16") for v in trained], trained)
        assert all(np.all(np.isfinite(value)) for value in values(trained))


def accumulation(make: Make) -> None:
    """Four micro-batches are one batch with their mean gradient."""
    trained, whole = variables(), variables()
    accumulating, plain = make(gradient_accumulation_steps=4), make()
    for step in range(3):
        parts = [[gradient(v, 10 * step + part) for v in trained] for part in range(4)]
        for part in parts:
            accumulating.apply([tensor(g) for g in part], trained)
        means = [np.mean(gradients, axis=0) for gradients in zip(*parts, strict=True)]
        plain.apply([tensor(g) for g in means], whole)
    equal(values(trained), values(whole))


def loss_scale(make: Make) -> None:
    """Scaled gradients are unscaled before any transform sees them; an overflow changes nothing."""
    plain = descend(make(), variables(), range(3))
    trained = variables()
    optimizer = make(loss_scale_factor=1024.0)
    for step in range(3):
        optimizer.apply([tensor(1024.0 * gradient(v, step)) for v in trained], trained)
    equal(values(trained), plain)
    trained = variables()
    dynamic = keras.optimizers.LossScaleOptimizer(make(), initial_scale=1024.0)
    dynamic.build(trained)
    for step in range(3):
        if step == 1:
            _apply(dynamic, [np.full(v.shape, np.inf, "float32") for v in trained], trained)
        scale = float(dynamic.dynamic_scale)
        _apply(dynamic, [scale * gradient(v, step) for v in trained], trained)
    equal(values(trained), plain)


def _apply(optimizer: Any, gradients: Sequence[Any], trained: Sequence[Any]) -> None:
    """Applies; on JAX without side effects, which its loss scaling does not bear."""
    gradients = [tensor(g) for g in gradients]
    if keras.backend.backend() != "jax":
        optimizer.apply(gradients, trained)
        return
    state = [v.value for v in optimizer.variables]
    weights, state = optimizer.stateless_apply(state, gradients, [v.value for v in trained])
    for variable, value in zip([*trained, *optimizer.variables], [*weights, *state], strict=True):
        variable.assign(value)


def compiled(make: Make) -> None:
    """A compiled step does what an eager one does; it may build the optimizer itself."""
    eager = descend(make(), variables(), range(3))
    for compiled in _COMPILED.get(keras.backend.backend(), ()):
        equal(compiled(make(), variables(), 3), eager)


def _tensorflow_graph(optimizer: Any, trained: list[Any], steps: int, jit: bool = False) -> Any:
    import tensorflow as tf

    step = tf.function(lambda gradients: optimizer.apply(gradients, trained), jit_compile=jit)
    for number in range(steps):
        step([tf.constant(gradient(v, number)) for v in trained])
    return values(trained)


def _tensorflow_jit(optimizer: Any, trained: list[Any], steps: int) -> Any:
    optimizer.build(trained)
    return _tensorflow_graph(optimizer, trained, steps, jit=True)


def _jax_jit(optimizer: Any, trained: list[Any], steps: int) -> Any:
    import jax  # pyright: ignore[reportMissingImports]

    optimizer.build(trained)
    weights = [v.value for v in trained]
    state = [v.value for v in optimizer.variables]
    step = jax.jit(optimizer.stateless_apply)
    for number in range(steps):
        weights, state = step(state, [tensor(gradient(v, number)) for v in trained], weights)
    return [np.asarray(weight) for weight in weights]


_COMPILED: dict[str, Sequence[Callable[..., Any]]] = {
    "tensorflow": (_tensorflow_graph, _tensorflow_jit),
    "jax": (_jax_jit,),
}


def order_of_variables(make: Make) -> None:
    """The order in which variables are added changes nothing."""
    paths = list(SHAPES)
    forwards = descend(make(), variables(), range(3))
    backwards = descend(make(), variables(order=paths[::-1]), range(3))
    equal(forwards, backwards[::-1])


def learning_rate(make: Make) -> None:
    """A rate that is set in mid-training is a schedule with that step."""
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.1, 0.01])
    scheduled = make()
    scheduled.learning_rate = schedule
    expected = descend(scheduled, variables(), range(4))
    trained = variables()
    optimizer = make()
    optimizer.learning_rate = 0.1
    descend(optimizer, trained, range(2))
    optimizer.learning_rate = 0.01
    equal(descend(optimizer, trained, range(2, 4)), expected)


def not_finite(make: Make) -> None:
    """A NaN is never hidden: it reaches its weight, unless a transform leaves the step out."""
    for bad in (np.nan, np.inf, -np.inf):
        trained = variables()
        optimizer = make()
        descend(optimizer, trained, range(2))
        before = values(trained)
        gradients = [gradient(v, 2) for v in trained]
        gradients[0][0, 0, 0, 0] = bad
        optimizer.apply([tensor(g) for g in gradients], trained)
        if any(transform.vetoes for transform in optimizer.transforms):
            equal(values(trained), before, tolerance=0)
        elif np.isnan(bad):
            assert np.isnan(values(trained)[0][0, 0, 0, 0])


def two_models(make: Make) -> None:
    """Two optimizers of one description share nothing."""
    alone = descend(make(), variables(), range(4))
    first, second = make(), make()
    ours, theirs = variables(), variables()
    for step in range(4):
        descend(first, ours, [step])
        descend(second, theirs, [3 - step])
    equal(values(ours), alone, tolerance=0)


def sparse_gradients(make: Make) -> None:
    """Rows that occur twice in a sparse gradient are added up before any transform sees them."""
    if not apply.on_tensorflow():
        return
    import tensorflow as tf

    sparse, dense = variables(), variables()
    optimizers = make(), make()
    for step in range(3):
        rows = np.random.default_rng(step).normal(size=(3, 3)).astype("float32")
        table = tf.IndexedSlices(tf.constant(rows), tf.constant([1, 3, 1]), tf.constant([4, 3]))
        gradients = [tensor(gradient(v, step)) for v in sparse]
        gradients[2] = table
        optimizers[0].apply(gradients, sparse)
        gradients[2] = tf.convert_to_tensor(table)
        optimizers[1].apply(gradients, dense)
    equal(values(sparse), values(dense), tolerance=0)
