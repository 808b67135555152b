"""A chain in the places where Keras has an optimizer: `fit`, other optimizers, its arguments."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfx_updaters.optimizers import (
    AddDecayedWeights,
    ChainedOptimizer,
    Clip,
    Lookahead,
    ScheduleFree,
    SkipNotFinite,
    Trace,
    get,
    names,
)
from tfx_updaters.optimizers.testing import descend, equal, values, variables


def data():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 128)
    images = rng.normal(0, 0.3, (128, 6, 6, 1)) + labels[:, None, None, None]
    return images.astype("float32"), labels


def network(optimizer, **arguments):
    keras.utils.set_random_seed(0)
    net = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv1"),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax", name="head"),
        ]
    )
    net.compile(optimizer, "sparse_categorical_crossentropy", **arguments)
    return net


def fit(net, epochs=2):
    return net.fit(*data(), batch_size=32, epochs=epochs, shuffle=False, verbose=0)


@pytest.mark.parametrize("name", names())
def test_every_updater_learns_in_fit_with_mixed_precision(name):
    """The catalogue's rates are those of digits; this shorter task wants more."""
    rate = 5 * get(name).learning_rate
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        losses = fit(network(get(name, learning_rate=min(rate, 0.5)).optimizer()), 10).history
    finally:
        keras.config.set_dtype_policy(policy)
    assert losses["loss"][-1] < 0.6 * losses["loss"][0]


CHAIN = [SkipNotFinite(), Clip(0.5), Trace({"conv1": 0.5, "default": 0.9}), Lookahead(2)]


def test_fit_is_the_same_eager_compiled_and_with_xla():
    nets = [
        network(ChainedOptimizer(0.1, CHAIN), **how)
        for how in ({"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True})
    ]
    weights = [(fit(net), net.get_weights())[1] for net in nets]
    equal(weights[0], weights[1])
    equal(weights[0], weights[2])


def test_a_custom_loop():
    net, stock = network(ChainedOptimizer(0.1)), network(keras.optimizers.SGD(0.1))
    loss = keras.losses.SparseCategoricalCrossentropy()
    images, labels = data()

    @tf.function
    def step(model):
        with tf.GradientTape() as tape:
            value = loss(labels, model(images, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        pairs = zip(gradients, model.trainable_variables, strict=True)
        model.optimizer.apply_gradients(pairs)

    for model in (net, stock):
        for _ in range(3):
            step(model)
    equal(net.get_weights(), stock.get_weights())


def test_in_a_multi_optimizer():
    by_layer = keras.optimizers.OptimizerMap(ChainedOptimizer(0.01))
    by_layer["conv.*"] = ChainedOptimizer(0.1, [Trace(0.9)])
    two = keras.optimizers.MultiOptimizer(by_layer)
    one = ChainedOptimizer(0.1, [Trace({"conv": 0.9, "default": 0.0})])
    made, expected = variables(), variables()
    two.build(made)
    descend(two, made, range(3))
    descend(one, expected, range(3))
    equal(values(made)[:2], values(expected)[:2])
    start = variables()
    moved = [a - b for a, b in zip(values(start), values(made), strict=True)]
    faster = [a - b for a, b in zip(values(start), values(expected), strict=True)]
    equal([10 * m for m in moved[2:]], faster[2:], tolerance=1e-4)


@pytest.mark.parametrize(
    "arguments",
    [{"weight_decay": 0.1}, {"clipnorm": 0.1}, {"clipvalue": 0.1}, {"global_clipnorm": 0.1},
     {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
     {"gradient_accumulation_steps": 2}, {"loss_scale_factor": 2.0}],
    ids=lambda arguments: next(iter(arguments)),
)  # fmt: skip
def test_arguments_of_keras_do_what_they_do_in_its_own_sgd(arguments):
    ours = descend(ChainedOptimizer(0.1, **arguments), variables(), range(6))
    equal(ours, descend(keras.optimizers.SGD(0.1, **arguments), variables(), range(6)))


def test_schedules_of_keras():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.1, 0.01])
    ours = descend(ChainedOptimizer(schedule), variables(), range(4))
    equal(ours, descend(keras.optimizers.SGD(schedule), variables(), range(4)))


def test_a_schedule_of_a_hyper_parameter_counts_updates_not_micro_batches():
    """Momentum 0.9, then 0 from the third update on."""
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.9, 0.0])
    chain = [Trace({"conv": schedule, "default": 0.5})]
    variable = keras.Variable(np.zeros(1, "float32"), name="conv")
    other = keras.Variable(np.zeros(1, "float32"), name="head")
    optimizer = ChainedOptimizer(1.0, chain, gradient_accumulation_steps=2)
    for _ in range(6):
        optimizer.apply([tf.ones(1), tf.ones(1)], [variable, other])
    assert values([variable])[0] == pytest.approx([-(1 + 1.9 + 1)])
    assert values([other])[0] == pytest.approx([-(1 + 1.5 + 1.75)])


def test_a_coupled_decay_beside_the_decay_of_keras_is_refused_and_alone_is_not():
    with pytest.raises(ValueError, match=r"weight_decay=0.1 and transforms\[1\]"):
        ChainedOptimizer(0.1, [Clip(1.0), AddDecayedWeights(0.1)], weight_decay=0.1)
    ChainedOptimizer(0.1, [Clip(1.0)], weight_decay=0.1)


def test_schedule_free_leaves_the_mean_of_its_iterates_after_fit():
    net = network(ChainedOptimizer(0.5, [ScheduleFree()]))
    fit(net, epochs=1)
    mean = [v for v in net.optimizer.variables if v.name.endswith("0_x")]
    equal(net.get_weights(), values(mean), tolerance=0)


def test_what_another_optimizer_trains_is_left_alone_after_fit():
    """Keras hands over all weights of the model, as a GAN's, which two optimizers train."""
    mine, others = variables(), variables()
    optimizer = ChainedOptimizer(0.5, [ScheduleFree()])
    optimizer.build(mine)
    optimizer.finalize_variable_values([*others, *mine])
    equal(values(others), values(variables()), tolerance=0)


def test_it_is_saved_in_a_savedmodel(tmp_path):
    net = network(ChainedOptimizer(0.1, CHAIN))
    fit(net)
    tf.saved_model.save(net, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    images = data()[0][:4]
    served = loaded.signatures["serving_default"](tf.constant(images))
    equal(list(served.values()), [net.predict(images, verbose=0)])
