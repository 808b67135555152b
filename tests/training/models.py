"""Models that strangers might hand to the Trainer."""

import keras


class Subclassed(keras.Model):
    """No inputs of its own."""

    def call(self, x):
        return x


def subclassed():
    return Subclassed()


def no_model():
    return "a model"


def two_features(first="image", second="weather", values=64):
    """Two inputs that are flattened and joined."""
    inputs = [keras.Input((values,), name=first), keras.Input((1,), name=second)]
    joined = keras.layers.Concatenate(name="joined")(inputs)
    return keras.Model(inputs, keras.layers.Dense(10, "softmax", name="head")(joined))


def exploding(layer=2):
    """The output of one of its layers is infinite for whatever weights."""
    x = inputs = keras.Input((64,), name="image")
    for number in (1, 2, 3):
        x = keras.layers.Dense(8, name=f"dense{number}")(x)
        if number == layer:
            x = keras.layers.Rescaling(float("inf"), name="boom")(x)
    return keras.Model(inputs, keras.layers.Dense(10, "softmax", name="head")(x))


def sequential(units=10):
    return keras.Sequential(
        [keras.Input((8, 8, 1), name="image"), keras.layers.Flatten(), keras.layers.Dense(units)]
    )


def enormous():
    """Needs terabytes for a batch."""
    inputs = keras.Input((64,), name="image")
    x = keras.layers.GlobalMaxPooling1D()(keras.layers.RepeatVector(2_000_000_000)(inputs))
    return keras.Model(inputs, keras.layers.Dense(10, "softmax", name="head")(x))


def tunable(units, name="dense"):
    """With an argument that a Tuner may set."""
    inputs = keras.Input((64,), name="image")
    x = keras.layers.Dense(units, "relu", name=name)(inputs)
    return keras.Model(inputs, keras.layers.Dense(10, "softmax", name="head")(x))
