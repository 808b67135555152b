"""Small models, data and optimizers whose dynamics are recorded."""

import keras
import numpy as np

from tfx_updaters.optimizers import AddDecayedWeights, ChainedOptimizer, Clip, ScaleByAdam, Trace

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 6, 6, 1)).astype("float32")
Y = RNG.integers(0, 3, 48)
BATCH = 8
PATHS = ["conv1/kernel", "conv1/bias", "head/kernel", "head/bias"]
LOSS = "sparse_categorical_crossentropy"
OPTIMIZERS = {
    "clip, decay, trace": lambda: ChainedOptimizer(
        0.05, [Clip(0.05), AddDecayedWeights(0.01), Trace(0.9)]
    ),
    "fused adam": lambda: ChainedOptimizer(0.01, [ScaleByAdam()]),
    "Keras' adam": lambda: keras.optimizers.Adam(0.01),
    "Keras' clip": lambda: keras.optimizers.SGD(0.05, momentum=0.9, clipvalue=0.05),
}


def model(optimizer, cls=keras.Model, **compiled):
    """A convolution and a dense layer, the same each time."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 1))
    x = keras.layers.Conv2D(2, 3, activation="relu", name="conv1")(inputs)
    outputs = keras.layers.Dense(3, "softmax", name="head", dtype="float32")(
        keras.layers.Flatten()(x)
    )
    made = cls(inputs, outputs)
    made.compile(optimizer, LOSS, **{"metrics": ["accuracy"], **compiled})
    return made


def fit(made, callbacks=(), epochs=2, **keywords):
    """Six steps an epoch, in the same order."""
    arguments = {"batch_size": BATCH, "verbose": 0, "shuffle": False, **keywords}
    made.fit(X, Y, epochs=epochs, callbacks=list(callbacks), **arguments)
    return made


def table(frame):
    """The frame's values by step, layer and statistic."""
    return frame.set_index(["step", "layer", "statistic"])["value"]


def without_times(frame):
    return frame[frame.statistic != "examples_per_second"].reset_index(drop=True)
