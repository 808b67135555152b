"""One step of sharpness-aware minimization, against the two passes of the paper by hand."""

import keras
import numpy as np
import tensorflow as tf

from tfx_updaters.components.trainer import step
from tfx_updaters.optimizers import get

RADIUS, RATE = 0.3, 0.5


def model():
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, "tanh", kernel_initializer=keras.initializers.GlorotUniform(1))
    return keras.Model(inputs, keras.layers.Dense(
        2, kernel_initializer=keras.initializers.GlorotUniform(2))(hidden(inputs)))  # fmt: skip


def gradients(made, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((made(x) - y) ** 2)
    return tape.gradient(loss, [v.value for v in made.trainable_variables])


def test_the_step_is_taken_with_the_gradient_at_the_climbed_weights():
    random = np.random.default_rng(0)
    x, y = random.random((8, 3)).astype("float32"), random.random((8, 2)).astype("float32")
    by_hand, made = model(), model()
    start = by_hand.get_weights()
    first = [g.numpy() for g in gradients(by_hand, x, y)]
    length = np.sqrt(sum((g**2).sum() for g in first))
    by_hand.set_weights([w + RADIUS * g / length for w, g in zip(start, first, strict=True)])
    second = [g.numpy() for g in gradients(by_hand, x, y)]
    expected = [w - RATE * g for w, g in zip(start, second, strict=True)]

    made.compile(optimizer=get("sgd", learning_rate=RATE).optimizer(), loss="mse")
    step.install(made, RADIUS)
    made.fit(x, y, batch_size=8, verbose=0)
    for one, other in zip(expected, made.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    plain = [w - RATE * g for w, g in zip(start, first, strict=True)]
    assert max(np.abs(a - b).max() for a, b in zip(plain, expected, strict=True)) > 1e-3
