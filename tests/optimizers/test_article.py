"""The article's three classes, and what its own versions get wrong on Keras 3."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfx_updaters.optimizers import (
    ChainedOptimizer,
    Clip,
    CustomWeightDecayUpdater,
    MagnitudeClipUpdater,
    PerLayerMomentumUpdater,
    RuleError,
    UpdaterError,
    get,
    names,
)

MAKERS = {
    "clip": lambda: MagnitudeClipUpdater(0.1, 0.5),
    "decay": lambda: CustomWeightDecayUpdater(0.1, 0.01),
    "momentum": lambda: PerLayerMomentumUpdater(0.1, {"conv": 0.5, "default": 0.9}),
    "momentum list": lambda: PerLayerMomentumUpdater(0.1, [0.5, 0.5, 0.9, 0.9]),
    "momentum default": lambda: PerLayerMomentumUpdater(0.1),
    **{name: get(name).optimizer for name in names()},
}
each = pytest.mark.parametrize("make", MAKERS.values(), ids=list(MAKERS))


def model(optimizer, jit=False, eager=False):
    keras.utils.set_random_seed(1)
    made = keras.Sequential(
        [
            keras.layers.Input((6, 6, 1)),
            keras.layers.Conv2D(3, 3, activation="relu", name="conv"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, name="dense"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made.compile(optimizer, loss, jit_compile=jit, run_eagerly=eager)
    return made


def images(count=16):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 6, 6, 1)).astype("float32"), rng.integers(0, 3, count)


def fitted(made, epochs=2, batch_size=8):
    made.fit(*images(), epochs=epochs, batch_size=batch_size, shuffle=False, verbose=0)
    return made.get_weights()


def assert_equal(ours, theirs, tolerance=1e-5):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def applied(optimizer, *gradients):
    variable = keras.Variable(np.zeros(2, "float32"), name="w")
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient)], [variable])
    return keras.ops.convert_to_numpy(variable)


@each
def test_config_round_trips_through_keras(make):
    optimizer = make()
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()
    assert again.fingerprint == optimizer.fingerprint


@each
def test_eager_graph_and_jit_are_equal(make):
    graph = fitted(model(make()))
    assert_equal(graph, fitted(model(make(), eager=True)))
    assert_equal(graph, fitted(model(make(), jit=True)))


@each
def test_saved_in_mid_training_it_goes_on_as_if_never_stopped(make, tmp_path):
    never_stopped = model(make())
    fitted(never_stopped)
    stopped = model(make())
    fitted(stopped)
    stopped.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_equal(fitted(loaded), fitted(never_stopped), tolerance=0)


@each
def test_loss_scaling_changes_nothing(make):
    scaled = keras.optimizers.LossScaleOptimizer(make(), initial_scale=2.0**10)
    assert_equal(fitted(model(scaled)), fitted(model(make())), tolerance=1e-4)


@each
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_variables_stay_what_they_are_and_move(make, dtype):
    variables = [
        keras.Variable(np.ones(2), dtype=dtype, name=name)
        for name in ("conv_a", "conv_b", "dense_a", "dense_b")
    ]
    make().apply([keras.ops.ones(2, dtype=dtype)] * 4, variables)
    assert {keras.backend.standardize_dtype(v.dtype) for v in variables} == {dtype}
    assert all(np.all(keras.ops.convert_to_numpy(v).astype("float32") < 1) for v in variables)


def test_accumulated_gradients_are_clipped_once_as_their_mean():
    """Mean of 4 and -2 is 1, clipped to 0.5; a clip of each micro-batch would give 0."""
    optimizer = MagnitudeClipUpdater(1.0, 0.5, gradient_accumulation_steps=2)
    assert applied(optimizer, [4.0, 4.0], [-2.0, -2.0]) == pytest.approx([-0.5, -0.5])


def test_sparse_gradients_are_clipped_after_duplicate_rows_are_added_up():
    table = keras.Variable(np.zeros((3, 1), "float32"), name="table")
    gradient = tf.IndexedSlices(tf.constant([[4.0], [-3.8]]), tf.constant([1, 1]), (3, 1))
    MagnitudeClipUpdater(1.0, 0.5).apply([gradient], [table])
    assert keras.ops.convert_to_numpy(table)[:, 0] == pytest.approx([0, -0.2, 0], abs=1e-6)


def test_a_list_of_another_length_lists_the_variables():
    optimizer = PerLayerMomentumUpdater(0.1, [0.5, 0.9])
    with pytest.raises(RuleError, match=r"2 .* 1 .*w"):
        applied(optimizer, [1.0, 1.0])


def test_a_schedule_is_a_learning_rate():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0], [1.0, 0.1])
    chained = ChainedOptimizer(schedule, [Clip(0.5)])
    assert applied(chained, [2.0, 2.0], [2.0, 2.0]) == pytest.approx([-0.55, -0.55])


@pytest.mark.parametrize(
    "make", [lambda: MagnitudeClipUpdater(clipvalue=1.0),
             lambda: CustomWeightDecayUpdater(weight_decay=0.1)]
)  # fmt: skip
def test_an_argument_of_keras_that_repeats_a_transform_is_refused(make):
    with pytest.raises(UpdaterError, match="twice"):
        make()
