"""Records of images and labels as arrays in memory."""

from collections.abc import Iterable

import numpy as np

from tfx_updaters.components.examples.records import IMAGE, LABEL, Records, find, read


def load(records: Records) -> dict[str, dict[str, np.ndarray]]:
    """The splits of a folder that `inspect` has checked, scaled as the pipeline scales them.

    Returns:
        by split, `image`, examples x height x width x channels float32, of which the smallest and
        the largest pixel of the train split are 0 and 1; and `label`, int64.

    Raises:
        DataError: a record is truncated or corrupt.
    """
    splits = {
        split: _arrays((record for path in paths for record in read(path)), records)
        for split, paths in find(records.folder).items()
    }
    low, high = splits["train"][IMAGE].min(), splits["train"][IMAGE].max()
    span = high - low or 1.0  # Pixels that are all the same become 0.
    for arrays in splits.values():
        arrays[IMAGE] = (arrays[IMAGE] - low) / span
    return splits


def _arrays(serialized: Iterable[bytes], records: Records) -> dict[str, np.ndarray]:
    import tensorflow as tf

    images, labels = [], []
    for each in serialized:
        features = tf.train.Example.FromString(each).features.feature
        images.append(np.asarray(features[IMAGE].float_list.value, np.float32))
        labels.append(features[LABEL].int64_list.value[0])
    return {
        IMAGE: np.stack(images).reshape(-1, *records.shape),
        LABEL: np.asarray(labels, np.int64),
    }
