"""The `preprocessing_fn` of the Transform node for windows: each channel to mean 0, deviation 1."""

import tensorflow as tf
import tensorflow_transform as tft

from tfx_updaters.components.examples.records import LABEL, WINDOW


def preprocessing_fn(inputs: dict, custom_config: dict) -> dict:
    """Scales by each channel's mean and standard deviation in the split that Transform analyzes.

    That is `train` alone, unless the node's `splits_config` says otherwise. A channel that does
    not change becomes 0.

    Args:
        inputs: `window`, batch x (steps x channels); `label`, batch x 1.
        custom_config: `shape`, the (time steps, channels) of a window.

    Returns:
        `window`, batch x steps x channels; `label`, batch x 1 int64.
    """
    length, channels = custom_config["shape"]
    samples = tf.reshape(inputs[WINDOW], [-1, channels])
    scaled = tft.scale_to_z_score(samples, elementwise=True)
    return {
        WINDOW: tf.reshape(scaled, [-1, length, channels]),
        LABEL: tf.cast(inputs[LABEL], tf.int64),
    }
