"""A model, its training, and the updater that is chosen for it."""

import keras
import numpy as np

from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.optimizers import get

X = np.linspace(-1, 1, 32, dtype="float32").reshape(16, 2)
Y = X.sum(axis=1, keepdims=True)
CHOICE = Choice.of(get("momentum", learning_rate=0.25, momentum=0.5))


def dense(name="dense_model"):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name=name)


def fit(model, epochs=1):
    model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0)
    return model.get_weights()[0]


def by_hand(epochs=1):
    """The weights after training with the chosen updater, compiled with as anyone would."""
    model = dense()
    model.compile(get("momentum", learning_rate=0.25, momentum=0.5).optimizer(), "mse")
    return fit(model, epochs)


class FakeArgs:
    """What `updater_from` sees of TFX's FnArgs."""

    def __init__(self, custom_config):
        self.custom_config = custom_config
