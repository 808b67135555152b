"""Records of images or windows and their labels as arrays in memory."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from tfx_updaters.components.content import numbered
from tfx_updaters.components.examples.records import IMAGE, LABEL, SPAN, Records, find, read


def load(records: Records) -> dict[str, dict[str, np.ndarray]]:
    """The splits of a folder that `inspect` has checked, scaled as the pipeline scales them.

    Returns:
        by split, `image`, examples x height x width x channels float32, of which the smallest and
        the largest pixel of the train split are 0 and 1, or `window`, examples x time steps x
        channels, of which each channel has mean 0 and deviation 1 in the train split; and
        `label`, int64.

    Raises:
        DataError: a record is truncated or corrupt.
    """
    splits = {
        split: _arrays((record for path in paths for record in read(path)), records)
        for split, paths in find(records.folder).items()
    }
    name = records.feature
    start, span = (_range if name == IMAGE else _spread)(splits["train"][name])
    for arrays in splits.values():
        arrays[name] = (arrays[name] - start) / span
    return splits


def spans(records: Records) -> np.ndarray | None:
    """Where the windows of `train` lie: windows x (series, first time, last time), int64.

    None where the examples do not say it: those of images, and windows that others have cut.
    """
    import tensorflow as tf

    found = []
    for each in (record for path in find(records.folder)["train"] for record in read(path)):
        features = tf.train.Example.FromString(each).features.feature
        if not all(name in features for name in SPAN):
            return None
        name, *times = (features[name] for name in SPAN)
        found.append((name.bytes_list.value[0], *(time.int64_list.value[0] for time in times)))
    names, first, last = zip(*found, strict=True)
    return np.stack([numbered(np.array(names, object)), first, last], axis=1)


def _range(values: np.ndarray) -> tuple[Any, Any]:
    low, high = values.min(), values.max()
    return low, high - low or 1.0  # Pixels that are all the same become 0.


def _spread(values: np.ndarray) -> tuple[Any, Any]:
    mean, deviation = (each(values, axis=(0, 1), dtype=np.float64) for each in (np.mean, np.std))
    span = np.where(deviation > 0, deviation, 1)  # A channel that does not change becomes 0.
    return mean.astype(np.float32), span.astype(np.float32)


def _arrays(serialized: Iterable[bytes], records: Records) -> dict[str, np.ndarray]:
    import tensorflow as tf

    found, labels = [], []
    for each in serialized:
        features = tf.train.Example.FromString(each).features.feature
        found.append(np.asarray(features[records.feature].float_list.value, np.float32))
        labels.append(features[LABEL].int64_list.value[0])
    return {
        records.feature: np.stack(found).reshape(-1, *records.shape),
        LABEL: np.asarray(labels, np.int64),
    }
