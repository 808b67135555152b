"""A stranger's module: digits as images, a CNN that is built in the scope of a strategy."""

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx_bsl.public import tfxio

IMAGE, LABEL = "image_floats", "image_class"
SIDE = 8


def preprocessing_fn(inputs):
    """Pixels in 0..1 as an image; the label as it is."""
    images = tf.reshape(inputs[IMAGE] / 16.0, [-1, SIDE, SIDE, 1])
    return {IMAGE: images, LABEL: inputs[LABEL]}


def input_fn(file_pattern, data_accessor, tf_transform_output, batch_size=32):
    """Batches of images and labels, for ever."""
    return data_accessor.tf_dataset_factory(
        file_pattern,
        tfxio.TensorFlowDatasetOptions(batch_size=batch_size, label_key=LABEL),
        tf_transform_output.transformed_metadata.schema,
    ).repeat()


def build_keras_model():
    """One convolution and a dense layer."""
    model = keras.Sequential([
        keras.layers.Input(shape=(SIDE, SIDE, 1), name=IMAGE),
        keras.layers.Conv2D(8, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.1),
        keras.layers.Dense(10, activation="softmax"),
    ])  # fmt: skip
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.RMSprop(learning_rate=0.0015),
        metrics=["sparse_categorical_accuracy"],
    )
    return model


def get_serve_tf_examples_fn(model, tf_transform_output):
    """The signature that takes serialized examples."""
    model.tft_layer = tf_transform_output.transform_features_layer()
    spec = tf_transform_output.raw_feature_spec()
    spec.pop(LABEL)

    @tf.function(input_signature=[tf.TensorSpec(shape=[None], dtype=tf.string, name="examples")])
    def serve_tf_examples_fn(serialized):
        features = model.tft_layer(tf.io.parse_example(serialized, spec))
        return {"outputs": model(features[IMAGE])}

    return serve_tf_examples_fn


def run_fn(fn_args):
    """What TFX's Trainer calls."""
    tf_transform_output = tft.TFTransformOutput(fn_args.transform_output)
    train = input_fn(fn_args.train_files, fn_args.data_accessor, tf_transform_output)
    evaluation = input_fn(fn_args.eval_files, fn_args.data_accessor, tf_transform_output)
    mirrored_strategy = tf.distribute.MirroredStrategy()
    with mirrored_strategy.scope():
        model = build_keras_model()
    model.fit(
        train,
        steps_per_epoch=fn_args.train_steps,
        validation_data=evaluation,
        validation_steps=fn_args.eval_steps,
        callbacks=[keras.callbacks.TensorBoard(log_dir=fn_args.model_run_dir)],
        verbose=2,
    )
    signatures = {"serving_default": get_serve_tf_examples_fn(model, tf_transform_output)}
    tf.saved_model.save(model, fn_args.serving_model_dir, signatures=signatures)
