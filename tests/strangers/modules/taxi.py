"""A stranger's module: taxi trips with gaps and words, a wide and a deep path joined."""

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx_bsl.public import tfxio

NUMBERS = ["trip_miles", "fare"]
BUCKETS = ["trip_start_hour"]
WORDS = ["payment_type", "company"]
LABEL = "big_tipper"
BUCKET_COUNT, VOCABULARY_SIZE, OUT_OF_VOCABULARY = 4, 10, 2
WIDTHS = {
    **{key: BUCKET_COUNT + 1 for key in BUCKETS},
    **{key: VOCABULARY_SIZE + OUT_OF_VOCABULARY for key in WORDS},
}


def _fill_in_missing(x):
    """A dense tensor, with 0 or '' where a trip has no value."""
    if isinstance(x, tf.sparse.SparseTensor):
        default = "" if x.dtype == tf.string else 0
        shaped = tf.SparseTensor(x.indices, x.values, [x.dense_shape[0], 1])
        x = tf.sparse.to_dense(shaped, default)
    return tf.reshape(x, [-1, 1])


def preprocessing_fn(inputs):
    """Scaled numbers, buckets, indices of words, and the label."""
    filled = {key: _fill_in_missing(inputs[key]) for key in [*NUMBERS, *BUCKETS, *WORDS, LABEL]}
    outputs = {key: tft.scale_to_z_score(tf.cast(filled[key], tf.float32)) for key in NUMBERS}
    for key in BUCKETS:
        outputs[key] = tft.bucketize(filled[key], BUCKET_COUNT)
    for key in WORDS:
        outputs[key] = tft.compute_and_apply_vocabulary(
            filled[key], top_k=VOCABULARY_SIZE, num_oov_buckets=OUT_OF_VOCABULARY
        )
    outputs[LABEL] = filled[LABEL]
    return outputs


def _build_keras_model(hidden_units):
    """Numbers go the deep way, categories the wide one."""
    inputs = {key: keras.Input(shape=(1,), name=key, dtype="float32") for key in NUMBERS}
    inputs.update({key: keras.Input(shape=(1,), name=key, dtype="int32") for key in WIDTHS})
    deep = keras.layers.concatenate([inputs[key] for key in NUMBERS])
    for units in hidden_units:
        deep = keras.layers.Dense(units, activation="relu")(deep)
    wide = keras.layers.concatenate([
        keras.layers.CategoryEncoding(width, output_mode="multi_hot")(inputs[key])
        for key, width in WIDTHS.items()
    ])  # fmt: skip
    wide = keras.layers.Dense(4, activation="relu")(wide)
    output = keras.layers.Dense(1, activation="sigmoid")(keras.layers.concatenate([deep, wide]))
    model = keras.Model(inputs, output)
    model.compile(
        loss="binary_crossentropy",
        optimizer=keras.optimizers.Adam(learning_rate=0.001),
        metrics=[keras.metrics.BinaryAccuracy()],
    )
    return model


def _input_fn(file_pattern, data_accessor, tf_transform_output, batch_size=20):
    return data_accessor.tf_dataset_factory(
        file_pattern,
        tfxio.TensorFlowDatasetOptions(batch_size=batch_size, label_key=LABEL),
        tf_transform_output.transformed_metadata.schema,
    ).repeat()


def _get_serve_tf_examples_fn(model, tf_transform_output):
    model.tft_layer = tf_transform_output.transform_features_layer()
    spec = tf_transform_output.raw_feature_spec()
    spec.pop(LABEL)

    @tf.function(input_signature=[tf.TensorSpec(shape=[None], dtype=tf.string, name="examples")])
    def serve_tf_examples_fn(serialized):
        features = model.tft_layer(tf.io.parse_example(serialized, spec))
        return {"outputs": model({key: features[key] for key in [*NUMBERS, *WIDTHS]})}

    return serve_tf_examples_fn


def run_fn(fn_args):
    """What TFX's Trainer calls."""
    tf_transform_output = tft.TFTransformOutput(fn_args.transform_graph_path)
    train = _input_fn(fn_args.train_files, fn_args.data_accessor, tf_transform_output)
    evaluation = _input_fn(fn_args.eval_files, fn_args.data_accessor, tf_transform_output)
    strategy = tf.distribute.MirroredStrategy()
    with strategy.scope():
        model = _build_keras_model(hidden_units=[8, 4])
    model.fit(
        train,
        steps_per_epoch=fn_args.train_steps,
        validation_data=evaluation,
        validation_steps=fn_args.eval_steps,
        verbose=2,
    )
    signatures = {"serving_default": _get_serve_tf_examples_fn(model, tf_transform_output)}
    tf.saved_model.save(model, fn_args.serving_model_dir, signatures=signatures)
