"""The user module of a stock TFX pipeline: a CNN on digits, written as TFX's own examples are.

`pipeline.py` hands this file to Transform and Trainer as their `module_file`.
"""

import os

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx import v1 as tfx
from tfx_bsl.public import tfxio

BATCH_SIZE = 32
LABEL = "label"
IMAGE = "image"


def preprocessing_fn(inputs):
    """Scales the pixels, as the transform of our own pipeline does."""
    return {
        IMAGE: tf.reshape(tft.scale_to_0_1(tf.cast(inputs[IMAGE], tf.float32)), [-1, 8, 8, 1]),
        LABEL: tf.cast(inputs[LABEL], tf.int64),
    }


def _input_fn(file_pattern, data_accessor, tf_transform_output):
    return data_accessor.tf_dataset_factory(
        file_pattern,
        tfxio.TensorFlowDatasetOptions(batch_size=BATCH_SIZE, label_key=LABEL),
        tf_transform_output.transformed_metadata.schema,
    ).repeat()


def _build_model():
    inputs = keras.Input((8, 8, 1), name=IMAGE)
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Flatten()(x)
    outputs = keras.layers.Dense(10, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9, weight_decay=5e-4, clipvalue=1.0),
        loss="sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
    )
    return model


def _serve_examples_fn(model, tf_transform_output):
    model.tft_layer = tf_transform_output.transform_features_layer()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(serialized):
        spec = tf_transform_output.raw_feature_spec()
        spec.pop(LABEL)
        features = tf.io.parse_example(serialized, spec)
        return {"outputs": model(model.tft_layer(features)[IMAGE])}

    return serve


def run_fn(fn_args: tfx.components.FnArgs):
    """Trains and exports the model."""
    tf_transform_output = tft.TFTransformOutput(fn_args.transform_output)
    train = _input_fn(fn_args.train_files, fn_args.data_accessor, tf_transform_output)
    evaluation = _input_fn(fn_args.eval_files, fn_args.data_accessor, tf_transform_output)
    model = _build_model()
    tensorboard = keras.callbacks.TensorBoard(log_dir=fn_args.model_run_dir, update_freq="epoch")
    model.fit(
        train,
        steps_per_epoch=fn_args.train_steps // int(os.environ["BENCH_EPOCHS"]),
        epochs=int(os.environ["BENCH_EPOCHS"]),
        validation_data=evaluation,
        validation_steps=fn_args.eval_steps,
        callbacks=[tensorboard],
        verbose=2,
    )
    signatures = {"serving_default": _serve_examples_fn(model, tf_transform_output)}
    tf.saved_model.save(model, fn_args.serving_model_dir, signatures=signatures)
