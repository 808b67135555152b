"""A small CNN for images, its layers named so that a rule by layer is easy to write."""

from collections.abc import Sequence

import keras


def build(shape: Sequence[int], classes: int, filters: Sequence[int] = (16, 32)) -> keras.Model:
    """`conv1`, `pool1`, `conv2`, ... and `head`, in Keras' functional API.

    Args:
        shape: (height, width, channels) of an image.
        classes: number of classes.
        filters: number of 3 x 3 filters of each convolution; each is followed by a pooling
            that halves height and width, as long as both are 2 or more.

    Returns:
        A model from batch x height x width x channels to batch x classes probabilities.
    """
    inputs = keras.Input(tuple(shape), name="image")
    x = inputs
    for number, count in enumerate(filters, start=1):
        x = keras.layers.Conv2D(count, 3, padding="same", activation="relu", name=f"conv{number}")(
            x
        )
        if min(x.shape[1:3]) >= 2:
            x = keras.layers.MaxPooling2D(name=f"pool{number}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    outputs = keras.layers.Dense(classes, activation="softmax", name="head")(x)
    return keras.Model(inputs, outputs, name="cnn")
