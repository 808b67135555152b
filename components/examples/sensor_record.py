"""Windows of a series as serialized `tf.train.Example`."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.records import LABEL, SPAN, SPLITS, WINDOW
from tfx_updaters.components.examples.sensor_cut import Cut
from tfx_updaters.components.examples.sensor_windows import Windows

GROUP, START, END = SPAN


def examples(made: Cut, windows: Windows, classes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """The windows of a series, each with the name of its split.

    Args:
        made: the series, cut.
        windows: how it was.
        classes: names; a label is a place among them.

    Raises:
        DataError: a window has another class, as its file was changed after it was counted.
    """
    numbers = [classes.index(name) if name in classes else -1 for name in made.names]
    group = tf.train.Feature(bytes_list=tf.train.BytesList(value=[made.name.encode()]))
    for start, train, label in zip(made.starts, made.train, made.labels, strict=True):
        if numbers[label] < 0:
            raise DataError(
                f"series '{made.name}' was changed while it was read: it has the class "
                f"'{made.names[label]}' now"
            )
        window = made.steps.values[start : start + windows.length].ravel().tolist()
        features = {
            WINDOW: tf.train.Feature(float_list=tf.train.FloatList(value=window)),
            LABEL: _whole_number(numbers[label]),
            GROUP: group,
            START: _whole_number(made.steps.times[start]),
            END: _whole_number(made.steps.times[start + windows.length - 1]),
        }
        example = tf.train.Example(features=tf.train.Features(feature=features))
        yield SPLITS[not train], example.SerializeToString()


def _whole_number(value: Any) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[int(value)]))
