"""Examples with a corrupted feature, made on the fly of the serialized ones.

A corrupted batch is the clean batch with other predictions: its labels, weights, slices and
numbers are those of the clean examples, so that the two can be compared example by example.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf
from tensorflow_model_analysis import constants
from tfx_bsl.coders import example_coder

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.evaluator.corruptions import Corruption
from tfx_updaters.components.evaluator.samples import CLEAN
from tfx_updaters.components.evaluator.tally import FAULT, VIEW


def variant(
    extracts: Mapping[str, Any], view: str, corruption: Corruption, schema: bytes | None
) -> dict[str, Any]:
    """A batch under a corruption, as it was before any extractor.

    Args:
        extracts: a clean batch, with what the extractors found in it.
        view: name of the corrupted view.
        corruption: what changes.
        schema: of the examples, serialized, if they are read with one.
    """
    clean = np.ravel(extracts[constants.INPUT_KEY]).tolist()
    try:
        serialized, fault = corrupt(clean, corruption), ""
    except DataError as error:
        serialized, fault = clean, str(error)
    return {
        constants.ARROW_RECORD_BATCH_KEY: _read(serialized, schema),
        VIEW: np.full(len(clean), view),
        FAULT: np.full(len(clean), fault),
        CLEAN: {name: value for name, value in extracts.items() if name != VIEW},
    }


def compared(extracts: Mapping[str, Any]) -> dict[str, Any]:
    """A corrupted batch with its predictions, as the clean batch with these and its own."""
    clean = extracts[CLEAN]
    return {
        **clean,
        VIEW: extracts[VIEW],
        FAULT: extracts[FAULT],
        CLEAN: clean[constants.PREDICTIONS_KEY],
        constants.PREDICTIONS_KEY: extracts[constants.PREDICTIONS_KEY],
    }


def corrupt(serialized: Sequence[bytes], corruption: Corruption) -> list[bytes]:
    """Serialized `tf.train.Example`s with one feature changed; encoded images become PNG.

    Raises:
        DataError: there is no such feature, or an example's does not have the shape.
    """
    batch = example_coder.ExamplesToRecordBatchDecoder().DecodeBatch(list(serialized))
    names = batch.schema.names
    if corruption.feature not in names:
        near = difflib.get_close_matches(corruption.feature, names, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise DataError(
            f"the examples have no feature {corruption.feature!r}{hint}; "
            f"they have {', '.join(sorted(names))}"
        )
    place = names.index(corruption.feature)
    changed = batch.set_column(
        place, batch.schema.field(place), _corrupted(batch.column(place), corruption)
    )
    return example_coder.RecordBatchToExamplesEncoder().encode(changed)


def _corrupted(column: pa.Array, corruption: Corruption) -> pa.Array:
    values = column.flatten()
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    if pa.types.is_large_binary(values.type):
        if not lengths.all():
            raise DataError(f"{corruption.feature!r} has no image in an example")
        found = [_corrupted_image(image, corruption) for image in values.to_pylist()]
    else:
        shape = _shape(lengths, corruption)
        whole = values.to_numpy(zero_copy_only=False).reshape(len(column), *shape)
        found = corruption.of(whole).ravel()
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
    return pa.LargeListArray.from_arrays(offsets, pa.array(found, values.type))


def _shape(lengths: np.ndarray, corruption: Corruption) -> Sequence[int]:
    """Of an example, if all have as many values as it needs."""
    if corruption.shape is None and corruption.of_images:
        raise DataError(
            f"{corruption.feature!r} holds numbers: {corruption.name} needs the shape of the "
            "images, as shape"
        )
    shape = corruption.shape or (int(lengths[0]),)
    size = int(np.prod(shape))
    if not (lengths == size).all():
        other = int(lengths[lengths != size][0])
        raise DataError(
            f"{corruption.feature!r} has {other} values in an example; its shape "
            f"{'x'.join(map(str, shape))} needs {size}"
        )
    return shape


def _corrupted_image(encoded: bytes, corruption: Corruption) -> bytes:
    if not corruption.of_images:
        raise DataError(
            f"{corruption.feature!r} holds bytes: {corruption.name} is of windows of numbers"
        )
    try:
        image = tf.io.decode_image(encoded, expand_animations=False)
    except tf.errors.InvalidArgumentError as error:
        raise DataError(
            f"{corruption.feature!r} holds bytes that are no PNG, JPEG, BMP or GIF image"
        ) from error
    changed = corruption.of(image.numpy()[None])[0]
    return tf.io.encode_png(changed).numpy()


def _read(serialized: Sequence[bytes], schema: bytes | None) -> pa.RecordBatch:
    """The batch that TFXIO makes of these, with the serialized examples beside the features."""
    decoder = example_coder.ExamplesToRecordBatchDecoder(*([schema] if schema else []))
    batch = decoder.DecodeBatch(list(serialized))
    raw = pa.array([[each] for each in serialized], pa.large_list(pa.large_binary()))
    return pa.RecordBatch.from_arrays(
        [*batch.columns, raw], [*batch.schema.names, constants.ARROW_INPUT_COLUMN]
    )
