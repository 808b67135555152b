"""Two families of CNNs, for images and for sensor windows, with layer names that rules can use.

`conv1`, `norm1`, `pool1`, `conv2`, ... and `head`. Pass them to the Trainer as `model_fn`.
"""

from collections.abc import Sequence
from typing import Any

import keras

from tfx_updaters.components.errors import ModelError

NORMS = ("none", "batch", "group")


def image(
    shape: Sequence[int],
    classes: int,
    filters: Sequence[int] = (16, 32),
    norm: str = "none",
    dropout: float = 0.0,
    feature: str = "image",
) -> keras.Model:
    """A CNN of 3 x 3 convolutions, each followed by a pooling that halves height and width.

    Args:
        shape: (height, width, channels) of an image.
        classes: number of classes.
        filters: number of filters of each convolution.
        norm: what follows a convolution: `batch` (S. Ioffe, C. Szegedy 2015) or `group`
            normalization (Y. Wu, K. He 2018), or `none`.
        dropout: share of values that are dropped before the head (N. Srivastava et al. 2014).
        feature: the input's name.

    Returns:
        A model from batch x height x width x channels to batch x classes probabilities.
    """
    _check(shape, 3, "(height, width, channels)", norm)
    layers = (keras.layers.Conv2D, keras.layers.MaxPooling2D)
    return _cnn("image_cnn", layers, 3, shape, classes, filters, norm, dropout, feature)


def window(
    shape: Sequence[int],
    classes: int,
    filters: Sequence[int] = (16, 32),
    norm: str = "none",
    dropout: float = 0.0,
    feature: str = "window",
    width: int = 5,
) -> keras.Model:
    """A CNN over time, for windows of sensor values.

    Args:
        shape: (time steps, channels) of a window.
        classes: number of classes.
        filters: number of filters of each convolution; a pooling that halves the time follows.
        norm: as in `image`.
        dropout: as in `image`.
        feature: the input's name.
        width: time steps that a filter spans.

    Returns:
        A model from batch x time steps x channels to batch x classes probabilities.
    """
    _check(shape, 2, "(time steps, channels)", norm)
    layers = (keras.layers.Conv1D, keras.layers.MaxPooling1D)
    return _cnn("window_cnn", layers, width, shape, classes, filters, norm, dropout, feature)


def _check(shape: Sequence[int], axes: int, meaning: str, norm: str) -> None:
    if len(shape) != axes or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ModelError(f"shape: received {list(shape)}; {meaning}, each 1 or more, is needed")
    if norm not in NORMS:
        raise ModelError(f"norm: received {norm!r}; {', '.join(NORMS)} is allowed")


def _cnn(name, layers, width, shape, classes, filters, norm, dropout, feature) -> keras.Model:
    convolution, pooling = layers
    inputs = keras.Input(tuple(shape), name=feature)
    x = inputs
    for number, count in enumerate(filters, start=1):
        # A normalization has a bias of its own.
        x = convolution(
            count, width, padding="same", use_bias=norm == "none", name=f"conv{number}"
        )(x)
        if norm != "none":
            x = _norm(norm, count)(name=f"norm{number}")(x)
        x = keras.layers.Activation("relu", name=f"relu{number}")(x)
        if min(x.shape[1:-1]) >= 2:
            x = pooling(name=f"pool{number}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    # Probabilities in float32 also where the rest computes in half precision.
    outputs = keras.layers.Dense(classes, activation="softmax", dtype="float32", name="head")(x)
    return keras.Model(inputs, outputs, name=name)


def _norm(norm: str, count: int) -> Any:
    """The layer, to be called with a name; group normalization has up to 8 channels in a group."""
    if norm == "batch":
        return keras.layers.BatchNormalization
    groups = max(1, count // 8) if count % max(1, count // 8) == 0 else 1
    return lambda name: keras.layers.GroupNormalization(groups, name=name)
