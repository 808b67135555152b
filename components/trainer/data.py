"""The examples of a split: read once through TFXIO, checked, and kept in memory where they fit."""

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.components.trainer.fn_args_utils import DataAccessor
from tfx_bsl.public import tfxio

from tfx_updaters.components.content import hashes, numbered
from tfx_updaters.components.errors import DataError
from tfx_updaters.components.trainer import images

READ_BATCH = 512
GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Features:
    """What is taken from the examples of a split.

    Attributes:
        shapes: of the model's inputs without the batch, by feature.
        label: the feature that is predicted.
        classes: a label is below this; None is no limit, and any number is taken.
        resize: what is done to images of another size.
        besides: features of one value that are taken too, a whole number, or a text as one.
    """

    shapes: Mapping[str, tuple[int, ...]]
    label: str
    classes: int | None
    resize: str = "none"
    besides: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source(Features):
    """Where the examples of a split are, and what is taken from them.

    Attributes:
        accessor: TFX's readers of the Examples artifact.
        files: patterns.
        schema: of the examples.
    """

    accessor: DataAccessor
    files: Sequence[str]
    schema: schema_pb2.Schema


@dataclass(frozen=True)
class Split:
    """The examples of a split.

    Attributes:
        source: where they came from, or what is taken of the arrays.
        count: number of examples.
        arrays: examples x shape, by feature, and the labels; None if they need too much memory.
    """

    source: Source | Features
    count: int
    arrays: Mapping[str, np.ndarray] | None


@dataclass
class _Kept:
    """Batches that were read, until they are too many."""

    limit: float
    size: int = 0
    batches: list[dict[str, np.ndarray]] | None = field(default_factory=list)

    def add(self, batch: dict[str, np.ndarray]) -> None:
        self.size += sum(array.nbytes for array in batch.values())
        if self.size > self.limit:
            self.batches = None
        if self.batches is not None:
            self.batches.append(batch)

    def arrays(self) -> dict[str, np.ndarray] | None:
        """All of them, in the order of the numbers of their contents."""
        if self.batches is None:
            return None
        counts = [len(next(iter(batch.values()))) for batch in self.batches]
        numbers = [hashes(b, count) for b, count in zip(self.batches, counts, strict=True)]
        places = np.empty(sum(counts), int)
        places[np.argsort(np.concatenate(numbers), kind="stable")] = np.arange(len(places))
        parts = np.split(places, np.cumsum(counts)[:-1])
        return {
            name: _placed([batch[name] for batch in self.batches], parts)
            for name in self.batches[0]
        }


def _placed(batches: Sequence[np.ndarray], parts: Sequence[np.ndarray]) -> np.ndarray:
    """Their rows, each batch's at the places of its part."""
    shape = (sum(map(len, batches)), *batches[0].shape[1:])
    whole = np.empty(shape, np.result_type(*batches))
    for batch, part in zip(batches, parts, strict=True):
        whole[part] = batch
    return whole


def read(source: Source, split: str, cache_gb: float) -> Split:
    """Reads every example once.

    Arrays are in an order that the examples' contents decide: several of Beam's workers write them
    in whatever order they finish, and a training would differ with it.

    Raises:
        DataError: the split is empty, a record is corrupt, a feature is missing in an example or
            of another size, an image cannot be decoded, or a label is out of range.
    """
    kept, count = _Kept(cache_gb * GIB), 0
    for batch in _record_batches(source, split):
        kept.add(_taken(source, batch, f"split '{split}', examples from {count}"))
        count += batch.num_rows
    if not count:
        raise DataError(f"split '{split}' is empty: {', '.join(source.files)}")
    return Split(source, count, kept.arrays())


def _record_batches(source: Source, split: str) -> Iterator[pa.RecordBatch]:
    options = tfxio.RecordBatchesOptions(
        batch_size=READ_BATCH, drop_final_batch=False, num_epochs=1, shuffle=False
    )
    files = list(source.files)
    if not any(glob.glob(f) if "://" not in f else tf.io.gfile.glob(f) for f in files):
        raise DataError(f"split '{split}' is empty: no file {', '.join(files)}")
    try:
        yield from source.accessor.record_batch_factory(files, options, source.schema)
    except (tf.errors.DataLossError, RuntimeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"split '{split}': {_broken(files) or error}") from error


def _broken(patterns: Sequence[str]) -> str:
    """The first file that cannot be read, and how many records before."""
    for path in sorted(p for pattern in patterns for p in tf.io.gfile.glob(pattern)):
        compression = "GZIP" if path.endswith(".gz") else ""
        number = 0
        try:
            for record in tf.data.TFRecordDataset(path, compression):
                tf.train.Example.FromString(record.numpy())
                number += 1
        except tf.errors.DataLossError:
            return f"{path} is truncated or corrupt after record {number}"
        except Exception:
            return f"{path}, record {number}, is not a tf.train.Example"
    return ""


def _taken(source: Source, batch: pa.RecordBatch, where: str) -> dict[str, np.ndarray]:
    """What the model needs of a batch."""
    taken = {}
    for name, shape in source.shapes.items():
        column = _column(batch, name, where)
        if pa.types.is_binary(column.type.value_type) or pa.types.is_large_binary(
            column.type.value_type
        ):
            _check_sizes(column, name, 1, where)
            encoded = column.flatten().to_numpy(zero_copy_only=False)
            taken[name] = images.decode_all(encoded, shape, source.resize, f"{where}, '{name}'")
        else:
            _check_sizes(column, name, int(np.prod(shape)), where)
            values = column.flatten().to_numpy(zero_copy_only=False)
            taken[name] = values.reshape(batch.num_rows, *shape)
    taken[source.label] = _labels(source, batch, where)
    for name in source.besides:
        column = _column(batch, name, where)
        _check_sizes(column, name, 1, where)
        values = column.flatten().to_numpy(zero_copy_only=False)
        taken[name] = values if values.dtype.kind == "i" else numbered(values)
    return taken


def _column(batch: pa.RecordBatch, name: str, where: str) -> Any:
    missing = batch.num_rows
    if name in batch.schema.names:
        column = batch.column(batch.schema.get_field_index(name))
        missing = column.null_count
        if not missing and not pa.types.is_null(column.type):
            return column
    raise DataError(f"{where}: feature '{name}' is missing in {missing} of {batch.num_rows}")


def _check_sizes(column: Any, name: str, size: int, where: str) -> None:
    found = set(pc.list_value_length(column).unique().to_pylist())
    if found != {size}:
        raise DataError(
            f"{where}: feature '{name}' has {sorted(found)[:5]} values in an example; "
            f"the model takes {size}"
        )


def _labels(source: Source, batch: pa.RecordBatch, where: str) -> np.ndarray:
    column = _column(batch, source.label, where)
    _check_sizes(column, source.label, 1, where)
    labels = column.flatten().to_numpy(zero_copy_only=False)
    if source.classes is None:
        return labels
    if labels.dtype.kind not in "iu":
        raise DataError(f"{where}: label '{source.label}' is {labels.dtype}; integers are needed")
    wrong = labels[(labels < 0) | (labels >= source.classes)]
    if len(wrong):
        raise DataError(
            f"{where}: label '{source.label}' is {sorted(set(wrong.tolist()))[:5]} in {len(wrong)} "
            f"examples; 0 to {source.classes - 1} is what the model has outputs for"
        )
    return labels
