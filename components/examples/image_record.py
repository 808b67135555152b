"""An image as a `tf.train.Example`."""

from pathlib import Path

import tensorflow as tf

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_file import UnreadableError, encode
from tfx_updaters.components.examples.image_plan import Placed
from tfx_updaters.components.examples.records import IMAGE, LABEL


def example(folder: Path, placed: Placed, config: ImageConfig) -> bytes:
    """The serialized example: `image`, bytes or floats as the config has it, and `label`, int64.

    Raises:
        DataError: the file has changed since it was scanned.
    """
    try:
        image = encode(folder, placed.file, config)
    except (UnreadableError, OSError) as error:
        raise DataError(f"{placed.file.path} was changed while it was read: {error}") from error
    if isinstance(image, bytes):
        feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
    else:
        feature = tf.train.Feature(float_list=tf.train.FloatList(value=image))
    label = tf.train.Feature(int64_list=tf.train.Int64List(value=[placed.label]))
    features = tf.train.Features(feature={IMAGE: feature, LABEL: label})
    return tf.train.Example(features=features).SerializeToString()
