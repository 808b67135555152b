"""An image as a `tf.train.Example`."""

from pathlib import Path

import tensorflow as tf

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_file import UnreadableError, digest, encode, read
from tfx_updaters.components.examples.image_placed import Placed
from tfx_updaters.components.examples.records import IMAGE, LABEL


def example(folder: Path, placed: Placed, config: ImageConfig) -> bytes:
    """The serialized example: `image`, bytes or floats as the config has it, and `label`, int64.

    Raises:
        DataError: the file has changed since it was scanned.
    """
    image = _content(folder, placed)
    if not placed.as_it_is:
        image = encode(image, config)
    made = tf.train.Example()
    features = made.features.feature
    if isinstance(image, bytes):
        features[IMAGE].bytes_list.value.append(image)
    else:
        features[IMAGE].float_list.value.extend(image)
    features[LABEL].int64_list.value.append(placed.label)
    return made.SerializeToString()


def _content(folder: Path, placed: Placed) -> bytes:
    """The file as it was scanned: it could be decoded then, and so it can be now."""
    reason = "it has another content"
    try:
        data = read(f"{folder}/{placed.path}")
        if digest(data) == placed.digest:
            return data
    except (UnreadableError, OSError) as error:
        reason = str(error)
    raise DataError(f"{placed.path} was changed while it was read: {reason}")
