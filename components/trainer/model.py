"""The model of a `model_fn`, and whether it fits the examples."""

import difflib
import importlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_updaters.components.errors import ModelError

SPARSE_LOSS = "sparse_categorical_crossentropy"


def build(model_fn: str, arguments: Mapping[str, Any]) -> keras.Model:
    """Calls the function of this dotted name; it returns a model in Keras' functional API.

    Args:
        model_fn: `package.module.function`.
        arguments: what it is called with.

    Raises:
        ModelError: it does not import or call, or returns something else.
    """
    function = imported(model_fn)
    try:
        model = function(**arguments)
    except TypeError as error:
        raise ModelError(f"model_fn {model_fn} with {dict(arguments)}: {error}") from error
    if not isinstance(model, keras.Model):
        raise ModelError(f"model_fn {model_fn} returned {model!r:.80}; a keras.Model is needed")
    if not getattr(model, "inputs", None):
        raise ModelError(
            f"model_fn {model_fn}: {model.name} has no inputs of its own; build it with "
            "keras.Input in the functional API, or train it in a run_fn"
        )
    return model


def imported(name: str) -> Any:
    """The function of this dotted name.

    Raises:
        ModelError: there is none.
    """
    module, _, function = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ModelError(
            f"model_fn {name} does not import: {error}; 'package.module.function' is needed, "
            "importable where the Trainer runs"
        ) from error


def shapes(model: keras.Model, schema: schema_pb2.Schema, label: str) -> dict[str, tuple[int, ...]]:
    """The shape of each input without the batch, by the feature that feeds it.

    Raises:
        ModelError: an input or the label is no feature of the schema, or of another type or size.
    """
    features = {feature.name: feature for feature in schema.feature}
    taken = {tensor.name: tuple(tensor.shape[1:]) for tensor in model.inputs}
    listing = (
        f"the model takes {_told(taken)}; the schema has {', '.join(map(_text, features.values()))}"
    )
    for name in (*taken, label):
        if name not in features:
            near = difflib.get_close_matches(name, features, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise ModelError(f"no feature '{name}'; {hint}{listing}")
    for name, shape in taken.items():
        if None in shape:
            raise ModelError(f"input '{name}' has the open shape {shape}; {listing}")
        _check_feature(features[name], shape, listing)
    if features[label].type == schema_pb2.BYTES:
        raise ModelError(f"label '{label}' is of bytes; a number is needed; {listing}")
    return taken


def _check_feature(feature: Any, shape: Sequence[int], listing: str) -> None:
    if feature.type == schema_pb2.BYTES:
        if len(shape) != 3 or shape[-1] not in (1, 3, 4):
            raise ModelError(
                f"feature '{feature.name}' is of bytes, which are decoded as an image; its input "
                f"has the shape {shape}, which is none; {listing}"
            )
        return
    sizes = [dim.size for dim in feature.shape.dim]
    if sizes and math.prod(sizes) != math.prod(shape):
        raise ModelError(
            f"feature '{feature.name}' has {math.prod(sizes)} values, its input "
            f"{math.prod(shape)}; {listing}"
        )


def _told(taken: Mapping[str, tuple]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in taken.items())


def _text(feature: Any) -> str:
    kind = schema_pb2.FeatureType.Name(feature.type).lower()
    sizes = tuple(dim.size for dim in feature.shape.dim)
    return f"{feature.name} ({kind}{f' {sizes}' if sizes else ''})"


def classes(model: keras.Model, loss: str) -> int | None:
    """How many values a label may have; None where the loss sets no limit."""
    units = int(model.outputs[0].shape[-1])
    return {SPARSE_LOSS: units, "binary_crossentropy": 2}.get(loss)
