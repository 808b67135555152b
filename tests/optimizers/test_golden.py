"""Golden values: chains against Keras' own SGD variants and NumPy loops written by hand."""

import keras
import numpy as np
import pytest

from tfx_updaters.optimizers import AddDecayedWeights, ChainedOptimizer, Clip, Trace

STEPS = 50
SHAPES = {"conv1/kernel": (3, 4), "conv1/bias": (4,), "dense/kernel": (4, 2)}


def start():
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype("float32") for shape in SHAPES.values()]


def gradients():
    rng = np.random.default_rng(1)
    return [
        [rng.normal(scale=3, size=shape).astype("float32") for shape in SHAPES.values()]
        for _ in range(STEPS)
    ]


def variables():
    made = []
    for path, value in zip(SHAPES, start(), strict=True):
        layer, name = path.split("/")
        with keras.name_scope(layer):
            made.append(keras.Variable(value, name=name))
    return made


def trained(optimizer):
    made = variables()
    optimizer.build(made)
    for step in gradients():
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in step], made)
    return [keras.ops.convert_to_numpy(v) for v in made]


def by_hand(rate, update):
    """`update(place, gradient, weight)` gives what the weight descends along."""
    weights = [w.astype("float64") for w in start()]
    for step in gradients():
        for place, gradient in enumerate(step):
            weights[place] -= rate * update(place, gradient.astype("float64"), weights[place])
    return weights


def assert_equal(ours, theirs, tolerance=1e-5):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def distance(ours, theirs):
    return max(np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True))


def test_clip_is_keras_sgd_with_clipvalue():
    assert_equal(
        trained(ChainedOptimizer(0.1, [Clip(0.5)])),
        trained(keras.optimizers.SGD(0.1, clipvalue=0.5)),
        tolerance=0,
    )


def test_no_transform_is_keras_sgd():
    assert_equal(trained(ChainedOptimizer(0.1)), trained(keras.optimizers.SGD(0.1)), tolerance=0)


@pytest.mark.parametrize("nesterov", [False, True])
def test_trace_is_keras_sgd_with_momentum_at_a_constant_rate(nesterov):
    assert_equal(
        trained(ChainedOptimizer(0.01, [Trace(0.9, nesterov)])),
        trained(keras.optimizers.SGD(0.01, momentum=0.9, nesterov=nesterov)),
        tolerance=2e-5,
    )


def test_decay_then_trace_is_torch_sgd_by_its_definition():
    """torch.optim.SGD(weight_decay, momentum): g <- g + d w; b <- m b + g; w <- w - lr b."""
    buffers = [np.zeros(shape) for shape in SHAPES.values()]

    def torch_sgd(place, gradient, weight):
        buffers[place] = 0.9 * buffers[place] + gradient + 0.05 * weight
        return buffers[place]

    ours = trained(ChainedOptimizer(0.01, [AddDecayedWeights(0.05), Trace(0.9)]))
    assert_equal(ours, by_hand(0.01, torch_sgd))
    decoupled = trained(keras.optimizers.SGD(0.01, momentum=0.9, weight_decay=0.05))
    assert distance(ours, decoupled) > 1e-3


def test_momentum_per_layer_is_a_loop_with_a_coefficient_for_each_variable():
    coefficients = [0.5, 0.5, 0.9]
    traces = [np.zeros(shape) for shape in SHAPES.values()]

    def heavy_ball(place, gradient, weight):
        traces[place] = coefficients[place] * traces[place] + gradient
        return traces[place]

    ours = trained(ChainedOptimizer(0.01, [Trace({"conv1": 0.5, "default": 0.9})]))
    assert_equal(ours, by_hand(0.01, heavy_ball))


def test_the_article_chain_is_clip_then_decay_then_momentum_by_hand():
    traces = [np.zeros(shape) for shape in SHAPES.values()]

    def article(place, gradient, weight):
        traces[place] = 0.9 * traces[place] + np.clip(gradient, -1, 1) + 0.05 * weight
        return traces[place]

    ours = trained(ChainedOptimizer(0.01, [Clip(1.0), AddDecayedWeights(0.05), Trace(0.9)]))
    assert_equal(ours, by_hand(0.01, article))


def test_order_is_meaning():
    first = trained(ChainedOptimizer(0.1, [Clip(0.5), AddDecayedWeights(0.5)]))
    other = trained(ChainedOptimizer(0.1, [AddDecayedWeights(0.5), Clip(0.5)]))
    assert distance(first, other) > 0.1
