"""The contract that every transform and every updater keeps, as checks for your own ones too.

    from tfx_updaters.optimizers.testing import check
    check(MyTransform(0.5))

Each check is a plain function that raises `AssertionError`; it runs on the backend that Keras
has. Several devices and processes are beyond them: `tests/optimizers/` has those.
"""

import json
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfx_updaters.optimizers import apply
from tfx_updaters.optimizers.chain import ChainedOptimizer
from tfx_updaters.optimizers.transform import Transform
from tfx_updaters.optimizers.updaters import UpdaterConfig

Make = Callable[..., ChainedOptimizer]
SHAPES = {
    "conv/kernel": (2, 2, 1, 3),
    "conv/bias": (3,),
    "head/kernel": (4, 3),
    "temperature/scale": (),
}
RATE = 0.05


def maker(subject: Transform | UpdaterConfig | Sequence[Transform]) -> Make:
    """A function that makes new optimizers of a transform, a chain or an updater."""
    if isinstance(subject, UpdaterConfig):
        return subject.optimizer
    chain = [subject] if isinstance(subject, Transform) else list(subject)
    return lambda **arguments: ChainedOptimizer(arguments.pop("learning_rate", RATE), chain,
                                                **arguments)  # fmt: skip


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


def variables(dtype: str = "float32", order: Sequence[str] = tuple(SHAPES), **shapes) -> list[Any]:
    """New variables with the paths and shapes of `SHAPES`, equal each time."""
    made = []
    for path in order:
        layer, name = path.split("/")
        value = np.random.default_rng(len(path)).normal(size=shapes.get(name, SHAPES[path]))
        with keras.name_scope(layer):
            made.append(keras.Variable(value.astype("float32"), dtype=dtype, name=name))
    return made


def gradient(variable: Any, step: int) -> np.ndarray:
    """A gradient for the variable at that step, equal each time."""
    seed = [step, *variable.path.encode()]
    return np.random.default_rng(seed).normal(size=variable.shape).astype("float32")


def descend(optimizer: Any, trained: Sequence[Any], steps: Iterable[int]) -> list[np.ndarray]:
    """Applies the gradients of these steps; returns the weights."""
    for step in steps:
        gradients = [_tensor(gradient(v, step), v.dtype) for v in trained]
        optimizer.apply(gradients, trained)
    return values(trained)


def values(trained: Sequence[Any]) -> list[np.ndarray]:
    """The variables as arrays of float32."""
    return [np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(v, "float32"))) for v in trained]


def _tensor(value: Any, dtype: str = "float32") -> Any:
    return keras.ops.convert_to_tensor(value, dtype)


def equal(ours: Sequence[Any], theirs: Sequence[Any], tolerance: float = 1e-5) -> None:
    """Asserts that two lists of arrays are equal; bit for bit with a tolerance of 0."""
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def _missing_gradients(make: Make) -> None:
    """A variable without a gradient stays, and the others move."""
    trained = variables()
    optimizer = make()
    before = values(trained)
    for step in range(3):
        gradients = [_tensor(gradient(v, step)) for v in trained]
        gradients[1] = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer.apply(gradients, trained)
    after = values(trained)
    equal(after[1:2], before[1:2], tolerance=0)
    assert not np.allclose(after[0], before[0])


def _scalars_and_empty_variables(make: Make) -> None:
    """A scalar moves; a variable without elements does no harm."""
    trained = variables(bias=(0, 3))
    before = values(trained)
    after = descend(make(), trained, range(4))
    assert all(np.all(np.isfinite(value)) for value in after)
    assert after[1].shape == (0, 3)
    assert after[3] != before[3]


def _half_precision(make: Make) -> None:
    """Half-precision variables stay so, and go where single precision goes."""
    single = descend(make(), variables(), range(3))
    for dtype in ("float16", "bfloat16"):
        trained = variables(dtype)
        ours = descend(make(), trained, range(3))
        assert {keras.backend.standardize_dtype(v.dtype) for v in trained} == {dtype}
        equal(ours, single, tolerance=0.1)


def _tiny_gradients_in_half_precision(make: Make) -> None:
    """A gradient whose square is 0 in float16 makes no step that is not finite."""
    trained = variables("float16")
    optimizer = make()
    for _ in range(2):
        optimizer.apply([keras.ops.full(v.shape, 1e-6, "float16") for v in trained], trained)
        assert all(np.all(np.isfinite(value)) for value in values(trained))


def _accumulation(make: Make) -> None:
    """Four micro-batches are one batch with their mean gradient."""
    trained, whole = variables(), variables()
    accumulating, plain = make(gradient_accumulation_steps=4), make()
    for step in range(3):
        parts = [[gradient(v, 10 * step + part) for v in trained] for part in range(4)]
        for part in parts:
            accumulating.apply([_tensor(g) for g in part], trained)
        means = [np.mean(gradients, axis=0) for gradients in zip(*parts, strict=True)]
        plain.apply([_tensor(g) for g in means], whole)
    equal(values(trained), values(whole))


def _loss_scale(make: Make) -> None:
    """Scaled gradients are unscaled before any transform sees them; an overflow changes nothing."""
    plain = descend(make(), variables(), range(3))
    trained = variables()
    optimizer = make(loss_scale_factor=1024.0)
    for step in range(3):
        optimizer.apply([_tensor(1024.0 * gradient(v, step)) for v in trained], trained)
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
    gradients = [_tensor(g) for g in gradients]
    if keras.backend.backend() != "jax":
        optimizer.apply(gradients, trained)
        return
    state = [v.value for v in optimizer.variables]
    weights, state = optimizer.stateless_apply(state, gradients, [v.value for v in trained])
    for variable, value in zip([*trained, *optimizer.variables], [*weights, *state], strict=True):
        variable.assign(value)


def _compiled(make: Make) -> None:
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
        weights, state = step(state, [_tensor(gradient(v, number)) for v in trained], weights)
    return [np.asarray(weight) for weight in weights]


_COMPILED: dict[str, Sequence[Callable[..., Any]]] = {
    "tensorflow": (_tensorflow_graph, _tensorflow_jit),
    "jax": (_jax_jit,),
}


def _network(optimizer: Any) -> Any:
    keras.utils.set_random_seed(3)
    net = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Conv2D(2, 3, name="conv"),
            keras.layers.Flatten(),
            keras.layers.Dense(2, name="head"),
        ]
    )
    net.compile(optimizer, "mse")
    optimizer.build(net.trainable_variables)
    return net


def _train(net: Any, steps: Iterable[int]) -> list[np.ndarray]:
    for step in steps:
        trained = net.trainable_variables
        gradients = [np.random.default_rng([step, i]).normal(size=v.shape)
                     for i, v in enumerate(trained)]  # fmt: skip
        net.optimizer.apply([_tensor(g) for g in gradients], trained)
    return values(net.trainable_variables)


def _resumed(make: Make) -> None:
    """Saved in mid-training and loaded, it goes on bit for bit as if it had never stopped."""
    never_stopped = _train(_network(make()), range(6))
    with tempfile.TemporaryDirectory() as folder:
        for way in ("keras file", "weights file", *_tensorflow_only("checkpoint")):
            stopped = _network(make())
            _train(stopped, range(3))
            again = _WAYS[way](stopped, make, Path(folder))
            equal(_train(again, range(3, 6)), never_stopped, tolerance=0)


def _tensorflow_only(*ways: str) -> Sequence[str]:
    return ways if apply.on_tensorflow() else ()


def _through_keras_file(net: Any, make: Make, folder: Path) -> Any:
    net.save(folder / "net.keras")
    return keras.models.load_model(folder / "net.keras")


def _through_weights_file(net: Any, make: Make, folder: Path) -> Any:
    net.save_weights(folder / "net.weights.h5")
    again = _network(make())
    again.load_weights(folder / "net.weights.h5")
    return again


def _through_checkpoint(net: Any, make: Make, folder: Path) -> Any:
    import tensorflow as tf

    path = tf.train.Checkpoint(model=net, optimizer=net.optimizer).save(str(folder / "checkpoint"))
    again = _network(make())
    tf.train.Checkpoint(model=again, optimizer=again.optimizer).restore(path).assert_consumed()
    return again


_WAYS = {
    "keras file": _through_keras_file,
    "weights file": _through_weights_file,
    "checkpoint": _through_checkpoint,
}


def _order_of_variables(make: Make) -> None:
    """The order in which variables are added changes nothing."""
    paths = list(SHAPES)
    forwards = descend(make(), variables(), range(3))
    backwards = descend(make(), variables(order=paths[::-1]), range(3))
    equal(forwards, backwards[::-1])


def _learning_rate(make: Make) -> None:
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


def _not_finite(make: Make) -> None:
    """A NaN is never hidden: it reaches its weight, unless a transform leaves the step out."""
    for bad in (np.nan, np.inf, -np.inf):
        trained = variables()
        optimizer = make()
        descend(optimizer, trained, range(2))
        before = values(trained)
        gradients = [gradient(v, 2) for v in trained]
        gradients[0][0, 0, 0, 0] = bad
        optimizer.apply([_tensor(g) for g in gradients], trained)
        if any(transform.vetoes for transform in optimizer.transforms):
            equal(values(trained), before, tolerance=0)
        elif np.isnan(bad):
            assert np.isnan(values(trained)[0][0, 0, 0, 0])


def _two_models(make: Make) -> None:
    """Two optimizers of one description share nothing."""
    alone = descend(make(), variables(), range(4))
    first, second = make(), make()
    ours, theirs = variables(), variables()
    for step in range(4):
        descend(first, ours, [step])
        descend(second, theirs, [3 - step])
    equal(values(ours), alone, tolerance=0)


def _cloned_and_compiled_again(make: Make) -> None:
    """A clone with an optimizer of the same configuration starts as the model did."""
    net = _network(make())
    start = net.get_weights()
    trained = _train(net, range(3))
    clone = keras.models.clone_model(net)
    clone.set_weights(start)
    clone.compile(type(net.optimizer).from_config(net.optimizer.get_config()), "mse")
    clone.optimizer.build(clone.trainable_variables)
    equal(_train(clone, range(3)), trained, tolerance=0)


def _round_trips(make: Make) -> None:
    """Keras' serialization and plain JSON give the same optimizer again."""
    optimizer = make()
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    plain = type(optimizer).from_config(json.loads(json.dumps(optimizer.get_config())))
    for other in (again, plain):
        assert type(other) is type(optimizer)
        assert other.get_config() == optimizer.get_config()
        assert other.fingerprint == optimizer.fingerprint


def _state_memory(make: Make) -> None:
    """The state is what the transforms declare, and what Keras keeps itself."""
    optimizer = make()
    own = len(optimizer.variables)
    trained = variables()
    optimizer.build(trained)
    declared = 0
    for transform in optimizer.transforms:
        applies = transform.resolve([v.path for v in trained])
        for variable, where in zip(trained, applies, strict=True):
            slots = transform.slots().values() if where is not None else ()
            declared += sum(_size(variable.shape if s.shape is None else s.shape) for s in slots)
        declared += sum(_size(slot.shape) for slot in transform.shared_slots().values())
    declared += any(transform.vetoes for transform in optimizer.transforms)
    assert sum(_size(v.shape) for v in optimizer.variables[own:]) == declared


def _size(shape: Any) -> int:
    return int(np.prod(shape))


def _sparse_gradients(make: Make) -> None:
    """Rows that occur twice in a sparse gradient are added up before any transform sees them."""
    if not apply.on_tensorflow():
        return
    import tensorflow as tf

    sparse, dense = variables(), variables()
    optimizers = make(), make()
    for step in range(3):
        rows = np.random.default_rng(step).normal(size=(3, 3)).astype("float32")
        table = tf.IndexedSlices(tf.constant(rows), tf.constant([1, 3, 1]), tf.constant([4, 3]))
        gradients = [_tensor(gradient(v, step)) for v in sparse]
        gradients[2] = table
        optimizers[0].apply(gradients, sparse)
        gradients[2] = tf.convert_to_tensor(table)
        optimizers[1].apply(gradients, dense)
    equal(values(sparse), values(dense), tolerance=0)


CHECKS: dict[str, Callable[[Make], None]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        _missing_gradients,
        _sparse_gradients,
        _scalars_and_empty_variables,
        _half_precision,
        _tiny_gradients_in_half_precision,
        _accumulation,
        _loss_scale,
        _compiled,
        _resumed,
        _order_of_variables,
        _learning_rate,
        _not_finite,
        _two_models,
        _cloned_and_compiled_again,
        _round_trips,
        _state_memory,
    )
}
