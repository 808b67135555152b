"""The `preprocessing_fn` of the Transform node: images scaled to 0..1 and given their shape."""

import tensorflow as tf
import tensorflow_transform as tft

from tfx_updaters.components.examples.records import IMAGE, LABEL


def preprocessing_fn(inputs: dict, custom_config: dict) -> dict:
    """Scales by the smallest and largest pixel of the train split.

    Args:
        inputs: `image`, batch x values, any numeric type; `label`, batch x 1.
        custom_config: `shape`, the (height, width, channels) of an image.

    Returns:
        `image`, batch x height x width x channels in 0..1; `label`, batch x 1 int64.
    """
    image = tft.scale_to_0_1(tf.cast(inputs[IMAGE], tf.float32))
    return {
        IMAGE: tf.reshape(image, [-1, *custom_config["shape"]]),
        LABEL: tf.cast(inputs[LABEL], tf.int64),
    }
