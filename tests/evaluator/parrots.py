"""SavedModels that predict what their examples say, so that a test decides each prediction."""

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf


def parrot(folder: Path, predictions: Mapping[str, int], outputs: Mapping[str, str] | None = None):
    """A model whose outputs are features of its examples.

    It has `serving_default` over serialized examples, and `raw` over the features.

    Args:
        folder: where the SavedModel is written, below the artifact's `Format-Serving`.
        predictions: size of each feature that is an output.
        outputs: name of each output by feature; one output has none.
    """
    module = tf.Module()
    spec = {name: tf.io.FixedLenFeature([size], tf.float32) for name, size in predictions.items()}

    def named(features):
        if outputs is None:
            return {"outputs": next(iter(features.values()))}
        return {outputs[name]: value for name, value in features.items()}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples):
        return named(tf.io.parse_example(examples, spec))

    signature = {
        name: tf.TensorSpec([None, size], tf.float32, name=name)
        for name, size in predictions.items()
    }

    @tf.function
    def raw(**features):
        return named({name: tf.identity(value) for name, value in features.items()})

    module.serve, module.raw = serve, raw
    tf.saved_model.save(
        module, str(folder / "Format-Serving"),
        signatures={"serving_default": serve, "raw": raw.get_concrete_function(**signature)},
    )  # fmt: skip
