"""A `run_fn` for Fashion-MNIST, written as TFX's own examples are."""

import keras
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.utils import io_utils
from tfx_bsl.public import tfxio


def _input_fn(file_pattern, data_accessor, schema, batch_size):
    return data_accessor.tf_dataset_factory(
        file_pattern,
        tfxio.TensorFlowDatasetOptions(batch_size=batch_size, label_key="label"),
        schema,
    ).repeat()


def run_fn(fn_args):
    """Trains and exports the model."""
    from tfx_updaters.components.trainer import cnn

    schema = io_utils.parse_pbtxt_file(fn_args.schema_path, schema_pb2.Schema())
    size = fn_args.custom_config["training"]["batch_size"]
    train = _input_fn(fn_args.train_files, fn_args.data_accessor, schema, size)
    evaluation = _input_fn(fn_args.eval_files, fn_args.data_accessor, schema, size)
    model = cnn.image([28, 28, 1], 10)
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        train, steps_per_epoch=fn_args.train_steps, validation_data=evaluation,
        validation_steps=2, verbose=2,
        callbacks=[keras.callbacks.TensorBoard(log_dir=fn_args.model_run_dir, update_freq="epoch")],
    )  # fmt: skip
    tf.saved_model.save(model, fn_args.serving_model_dir)
