"""Encoded images (PNG, JPEG, BMP, GIF) as tensors of the size that the model takes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfx_updaters.components.errors import DataError

SCALE = 255.0


def decode(encoded: tf.Tensor, shape: Sequence[int], resize: str) -> tf.Tensor:
    """One image, height x width x channels uint8, in the given shape unless `resize` is `none`.

    `stretch` resizes both axes, `pad` fits the whole image in and fills up with zeros, `crop`
    cuts out, or pads, the middle.
    """
    height, width, channels = shape
    image = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
    if resize == "stretch":
        image = _uint8(tf.image.resize(image, (height, width)))
    elif resize == "pad":
        image = _uint8(tf.image.resize_with_pad(image, height, width))
    elif resize == "crop":
        image = tf.image.resize_with_crop_or_pad(image, height, width)
    return image


def _uint8(image: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.round(tf.clip_by_value(image, 0.0, SCALE)), tf.uint8)


def decode_all(encoded: Any, shape: Sequence[int], resize: str, where: str) -> np.ndarray:
    """The images, examples x height x width x channels uint8.

    Args:
        encoded: array of bytes.
        shape: (height, width, channels).
        resize: as in `decode`.
        where: for the message.

    Raises:
        DataError: one cannot be decoded, or has another size and `resize` is `none`.
    """

    def fitted(one: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = decode(one, shape, resize)
        size = tf.shape(image)[:2]
        fits = tf.reduce_all(size == tf.constant(shape[:2]))
        return tf.cond(fits, lambda: image, lambda: tf.zeros(shape, tf.uint8)), size

    dataset = tf.data.Dataset.from_tensor_slices(tf.constant(list(encoded)))
    dataset = dataset.map(fitted, num_parallel_calls=tf.data.AUTOTUNE).batch(len(encoded))
    try:
        images, sizes = next(iter(dataset))
    except tf.errors.InvalidArgumentError as error:
        raise DataError(f"{where}: {_undecodable(encoded)}") from error
    found = {tuple(size) for size in sizes.numpy().tolist()}
    if found != {tuple(shape[:2])}:
        raise DataError(
            f"{where}: images of {len(found)} sizes, among them {sorted(found)[:4]}; the model "
            f"takes {tuple(shape[:2])}; set resize to stretch, pad or crop"
        )
    return images.numpy()


def _undecodable(encoded: Any) -> str:
    for number, one in enumerate(encoded):
        try:
            tf.io.decode_image(one, expand_animations=False)
        except tf.errors.InvalidArgumentError:
            return f"the image of example {number} of these is no PNG, JPEG, BMP or GIF"
    return "an image cannot be decoded"


def as_input(values: tf.Tensor, shape: Sequence[int], resize: str) -> tf.Tensor:
    """A batch of a feature as the model takes it, batch x shape float32.

    Encoded images are decoded; pixels are divided by 255. Other numbers stay what they are.
    """
    if values.dtype == tf.string:
        flat = tf.reshape(values, [-1])
        values = tf.map_fn(
            lambda one: decode(one, shape, resize), flat, fn_output_signature=tf.uint8
        )
    scaled = values.dtype == tf.uint8
    values = tf.reshape(tf.cast(values, tf.float32), [-1, *shape])
    return values / SCALE if scaled else values
