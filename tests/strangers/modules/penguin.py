"""A stranger's module: penguins of a CSV file, a Dense model, as TFX's tutorials write it."""

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx_bsl.public import tfxio

FEATURES = ["culmen_length", "culmen_depth", "flipper_length", "body_mass"]
LABEL = "species"
BATCH_SIZE = 20


def preprocessing_fn(inputs):
    """Scales the features and hands the label on."""
    outputs = {key: tft.scale_to_z_score(inputs[key]) for key in FEATURES}
    outputs[LABEL] = inputs[LABEL]
    return outputs


def input_fn(file_pattern, data_accessor, tf_transform_output):
    """Batches of transformed features and labels, for ever."""
    return data_accessor.tf_dataset_factory(
        file_pattern,
        tfxio.TensorFlowDatasetOptions(batch_size=BATCH_SIZE, label_key=LABEL),
        tf_transform_output.transformed_metadata.schema,
    ).repeat()


def make_keras_model():
    """Three dense layers on the features."""
    inputs = [keras.layers.Input(shape=(1,), name=key) for key in FEATURES]
    d = keras.layers.concatenate(inputs)
    for _ in range(2):
        d = keras.layers.Dense(8, activation="relu")(d)
    outputs = keras.layers.Dense(3, activation="softmax")(d)
    return keras.Model(inputs=dict(zip(FEATURES, inputs, strict=True)), outputs=outputs)


def fit_and_save(model, fn_args):
    """Trains, and saves with the transform in the serving signature."""
    tf_transform_output = tft.TFTransformOutput(fn_args.transform_output)
    train = input_fn(fn_args.train_files, fn_args.data_accessor, tf_transform_output)
    evaluation = input_fn(fn_args.eval_files, fn_args.data_accessor, tf_transform_output)
    tensorboard = keras.callbacks.TensorBoard(log_dir=fn_args.model_run_dir)
    model.fit(
        train,
        steps_per_epoch=fn_args.train_steps,
        validation_data=evaluation,
        validation_steps=fn_args.eval_steps,
        callbacks=[tensorboard],
        verbose=2,
    )
    model.tft_layer = tf_transform_output.transform_features_layer()
    spec = tf_transform_output.raw_feature_spec()
    spec.pop(LABEL)

    @tf.function(input_signature=[tf.TensorSpec(shape=[None], dtype=tf.string, name="examples")])
    def serve_tf_examples_fn(serialized):
        features = model.tft_layer(tf.io.parse_example(serialized, spec))
        return {"outputs": model({key: features[key] for key in FEATURES})}

    signatures = {"serving_default": serve_tf_examples_fn}
    tf.saved_model.save(model, fn_args.serving_model_dir, signatures=signatures)


def run_fn(fn_args):
    """What TFX's Trainer calls."""
    model = make_keras_model()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-2),
        loss="sparse_categorical_crossentropy",
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    fit_and_save(model, fn_args)
