"""What is exported: a SavedModel that takes raw examples, and the bare model as a `.keras` file."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

from tfx_updaters.components.trainer import images

KERAS_FOLDER, KERAS_FILE = "Format-Keras", "model.keras"


def export(
    model: keras.Model,
    folder: str,
    shapes: Mapping[str, tuple[int, ...]],
    raw: Mapping[str, Any],
    transform: tft.TFTransformOutput | None,
    resize: str,
) -> None:
    """Saves the model with the Transform graph in front, and the optimizer left out.

    Signature `serving_default` takes `examples`, a vector of serialized `tf.train.Example`s;
    `serving_raw` takes a tensor for each raw feature, with the examples along the first axis.
    Both give `outputs`, examples x the model's outputs.

    Args:
        model: trained, and not compiled: the optimizer is no part of it.
        folder: of the SavedModel.
        shapes: of the model's inputs, by feature.
        raw: the feature specs of raw examples, without the label.
        transform: the graph from raw features to the model's; None where they are the same.
        resize: what is done to encoded images of another size.
    """
    module = tf.Module()
    module.model = model
    module.transform = transform.transform_features_layer() if transform else None

    def predict(features: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        ready = module.transform(dict(features)) if transform else features
        inputs = {n: images.as_input(_dense(ready[n]), s, resize) for n, s in shapes.items()}
        only = inputs if len(inputs) > 1 else next(iter(inputs.values()))
        return {"outputs": module.model(only, training=False)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples):
        return predict(tf.io.parse_example(examples, dict(raw)))

    @tf.function(input_signature=[{name: _tensor_spec(name, spec) for name, spec in raw.items()}])
    def serve_raw(features):
        given = {n: _sparse(t) if _open(raw[n]) else t for n, t in features.items()}
        return predict(given)

    signatures = {"serving_default": serve, "serving_raw": serve_raw}
    tf.saved_model.save(module, folder, signatures=signatures)


def save_keras(model: keras.Model, serving_folder: str) -> None:
    """Saves the model, which was not compiled, beside the SavedModel, to go on training with.

    Whoever loads it needs nothing but Keras.
    """
    folder = keras_folder(serving_folder)
    tf.io.gfile.makedirs(folder)
    with tempfile.TemporaryDirectory() as temporary:
        local = os.path.join(temporary, KERAS_FILE)
        model.save(local)
        tf.io.gfile.copy(local, f"{folder}/{KERAS_FILE}", overwrite=True)


def keras_folder(serving_folder: str) -> str:
    """Where the `.keras` file of a SavedModel is, in a Model artifact."""
    return str(serving_folder).rstrip("/").rpartition("/")[0] + f"/{KERAS_FOLDER}"


def load_keras(serving_folder: str) -> Any:
    """The model beside a SavedModel; None if there is none."""
    path = f"{keras_folder(serving_folder)}/{KERAS_FILE}"
    if not tf.io.gfile.exists(path):
        return None
    with tempfile.TemporaryDirectory() as temporary:
        local = Path(temporary) / KERAS_FILE
        tf.io.gfile.copy(path, str(local))
        return keras.models.load_model(local, compile=False)


def feature_spec(
    shapes: Mapping[str, tuple[int, ...]], types: Mapping[str, tf.DType]
) -> dict[str, tf.io.FixedLenFeature]:
    """How raw examples are parsed where there is no Transform graph.

    Args:
        shapes: of the model's inputs, by feature.
        types: of the features; an encoded image is one string.
    """
    return {
        name: tf.io.FixedLenFeature([] if types[name] == tf.string else list(shape), types[name])
        for name, shape in shapes.items()
    }


def needed(
    raw: Mapping[str, Any], transform: tft.TFTransformOutput, inputs: Iterable[str]
) -> dict[str, Any]:
    """The raw features that the model's inputs are made of, and no others.

    What is there for slices or to find an example again, whoever asks for a prediction need not
    send.

    Args:
        raw: the feature specs of raw examples.
        transform: the graph from raw features to the model's.
        inputs: names of the model's.
    """
    layer, kept = transform.transform_features_layer(), dict(raw)
    wanted = set(inputs)
    for name in raw:
        rest = {other: _traced(spec) for other, spec in kept.items() if other != name}
        # The layer leaves out what cannot be computed from the features that it gets.
        if rest and wanted <= set(_outputs(layer, rest)):
            del kept[name]
    return kept


def _outputs(layer: Any, features: Mapping[str, Any]) -> Iterable[str]:
    return (
        tf.function(lambda given: layer(given)).get_concrete_function(features).structured_outputs
    )


def _traced(spec: Any) -> Any:
    if _open(spec):
        return tf.SparseTensorSpec([None, None], spec.dtype)
    return tf.TensorSpec([None, *spec.shape], spec.dtype)


def _open(spec: Any) -> bool:
    return isinstance(spec, tf.io.VarLenFeature)


def _tensor_spec(name: str, spec: Any) -> tf.TensorSpec:
    shape = [None] if _open(spec) else spec.shape
    return tf.TensorSpec([None, *shape], spec.dtype, name=name)


def _sparse(dense: tf.Tensor) -> tf.SparseTensor:
    """All values of a matrix, zeros too, as Transform wants features without a fixed shape."""
    shape = tf.shape(dense, out_type=tf.int64)
    places = tf.where(tf.ones(shape, tf.bool))
    return tf.SparseTensor(places, tf.reshape(dense, [-1]), shape)


def _dense(values: Any) -> tf.Tensor:
    return tf.sparse.to_dense(values) if isinstance(values, tf.SparseTensor) else values
