"""The examples of a TFX artifact as a study's data, read as our Trainer reads them."""

from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow_transform as tft
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import types
from tfx.components.trainer import fn_args_utils
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import io_utils
from tfx_bsl.public import tfxio

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.records import SPAN
from tfx_updaters.components.study.data import Arrays, Data
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.trainer import data, model

Artifacts = dict[str, list[types.Artifact]]
TRAIN, TEST = "train", "eval"


def read(inputs: Artifacts, plan: Plan) -> Data:
    """What the plan's model takes of the splits `train` and `eval`; the latter judges.

    Args:
        inputs: `examples`; a `transform_graph` or a `schema` says what is in them, without both
            the first examples do.
        plan: of the study.

    Raises:
        DataError: a split is not there, is empty, damaged, or larger than `cache_gb`.
        ModelError: the model does not fit the examples.
    """
    _check_splits(inputs)
    arguments = {
        standard_component_specs.TRAIN_ARGS_KEY: "{}",
        standard_component_specs.EVAL_ARGS_KEY: "{}",
    }
    fn_args = fn_args_utils.get_common_fn_args(inputs, arguments)
    schema = _schema(fn_args)
    made = model.build(plan.model_fn, plan.model_args)
    shapes = model.shapes(made, schema, plan.training.label)
    besides = SPAN if _has_spans(schema) else ()
    found = {}
    for split, files in ((TRAIN, fn_args.train_files), (TEST, fn_args.eval_files)):
        source = data.Source(
            accessor=fn_args.data_accessor, files=files, schema=schema, shapes=shapes,
            label=plan.training.label, classes=model.classes(made, plan.training.loss),
            resize=plan.training.resize,
            besides=besides if split == TRAIN else (),
        )  # fmt: skip
        found[split] = _arrays(source, split, plan)
    train = dict(found[TRAIN])
    places = [train.pop(name) for name in SPAN if name in train]
    spans = np.stack(places, axis=1) if places else None
    return Data(train, found[TEST], plan.training.label, spans)


def _has_spans(schema: schema_pb2.Schema) -> bool:
    """Whether examples say where they lie in a series, as those of SensorExampleGen do."""
    types = {feature.name: feature.type for feature in schema.feature}
    found = tuple(types.get(name) for name in SPAN)
    return found == (schema_pb2.BYTES, schema_pb2.INT, schema_pb2.INT)


def _check_splits(inputs: Artifacts) -> None:
    known = {
        split
        for artifact in inputs[standard_component_specs.EXAMPLES_KEY]
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }
    missing = [split for split in (TRAIN, TEST) if split not in known]
    if missing:
        raise DataError(
            f"examples: the splits are {', '.join(sorted(known)) or 'none'}; a study needs "
            f"{' and '.join(missing)} too: one is trained on, the other judges"
        )


def _arrays(source: data.Source, split: str, plan: Plan) -> Arrays:
    arrays = data.read(source, split, plan.training.cache_gb).arrays
    if arrays is None:
        raise DataError(
            f"split '{split}' is larger than training.cache_gb, {plan.training.cache_gb:g} GiB: a "
            "study has its examples in memory; allow more, or give it a part of them"
        )
    return arrays


def _schema(fn_args: FnArgs) -> schema_pb2.Schema:
    if fn_args.transform_graph_path:
        return tft.TFTransformOutput(fn_args.transform_graph_path).transformed_metadata.schema
    if fn_args.schema_path:
        return io_utils.parse_pbtxt_file(fn_args.schema_path, schema_pb2.Schema())
    return _inferred(fn_args)


def _inferred(fn_args: FnArgs) -> schema_pb2.Schema:
    """Names and types as the first examples have them."""
    options = tfxio.RecordBatchesOptions(
        batch_size=data.READ_BATCH, drop_final_batch=False, num_epochs=1, shuffle=False
    )
    batches = fn_args.data_accessor.record_batch_factory(fn_args.train_files, options, None)
    schema = schema_pb2.Schema()
    for column in next(iter(batches)).schema:
        schema.feature.add(name=column.name, type=_type(column.type))
    return schema


def _type(column: Any) -> Any:
    values = (
        column.value_type if pa.types.is_list(column) or pa.types.is_large_list(column) else column
    )
    if pa.types.is_integer(values):
        return schema_pb2.INT
    return schema_pb2.FLOAT if pa.types.is_floating(values) else schema_pb2.BYTES
