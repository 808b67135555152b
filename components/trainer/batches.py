"""Batches as a function of the seed and the step, so that a training can go on at any step."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tfx_bsl.public import tfxio

from tfx_updaters.components.trainer import augment, images
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.components.trainer.data import READ_BATCH, Source, Split

EVALUATION_BATCH = 256
ENDLESS = np.iinfo(np.int64).max
SHUFFLED = 16_384
# Examples that are not in memory are mixed in a buffer of this many.


def training(split: Split, config: TrainingConfig, first: int) -> tf.data.Dataset:
    """The batches of the steps from `first` on, without end: (inputs, labels), or with weights.

    Step s takes the examples s * size .. (s + 1) * size - 1 of an endless sequence in which each
    epoch is a new permutation, `size` being that of a micro-batch; so a batch may reach over the
    end of an epoch, and all have the same size.
    """
    size = config.batch_size // config.accumulate
    if split.arrays is None:
        examples = _streamed(split, config.seed, first * size)
        batches = examples.batch(size, drop_remainder=True)
        numbered = tf.data.Dataset.zip(tf.data.Dataset.range(first, ENDLESS), batches)
        choose = None
    else:
        numbered = tf.data.Dataset.range(first, ENDLESS)
        choose = _chooser(split, config.seed, size)
    weights = _class_weights(config.class_weights, split.source.classes or 1)
    label, shapes, resize = split.source.label, split.source.shapes, split.source.resize

    def batch(step: tf.Tensor, taken: Any = None) -> tuple:
        taken = dict(choose(step) if choose else taken)
        labels = taken.pop(label)
        inputs = {name: images.as_input(v, shapes[name], resize) for name, v in taken.items()}
        if config.augmentation:
            seed = tf.stack([tf.constant(config.seed, tf.int64), step])
            inputs = augment.changed(inputs, config.augmentation, seed)
        whole = (_alone(inputs), labels)
        return whole if weights is None else (*whole, tf.gather(weights, labels))

    return _ready(numbered, batch)


def evaluation(split: Split) -> tf.data.Dataset:
    """All examples once, in their order."""
    source = split.source
    arrays: Any = split.arrays
    if arrays is None:
        dataset = _examples(split).batch(EVALUATION_BATCH)
    else:
        dataset = tf.data.Dataset.from_tensor_slices(arrays).batch(EVALUATION_BATCH)

    def batch(taken: Mapping[str, tf.Tensor]) -> tuple:
        inputs = {
            name: images.as_input(taken[name], shape, source.resize)
            for name, shape in source.shapes.items()
        }
        return _alone(inputs), taken[source.label]

    return _ready(dataset, batch)


def _ready(dataset: tf.data.Dataset, batch: Any) -> tf.data.Dataset:
    """The batches, some of them made ahead; several workers share each one."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    batch = tf.autograph.experimental.do_not_convert(batch)  # It has no branch on a tensor.
    made = dataset.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return made.prefetch(tf.data.AUTOTUNE).with_options(options)


def _chooser(split: Split, seed: int, size: int) -> Any:
    """step -> the arrays' rows of that batch.

    The place of an example in its epoch goes through a keyed permutation of 0..count-1
    (`index_shuffle`): nothing is kept, and no step depends on the one before.
    """
    arrays = {name: tf.constant(array) for name, array in (split.arrays or {}).items()}
    count = split.count

    def choose(step: tf.Tensor) -> dict[str, tf.Tensor]:
        places = step * size + tf.range(size, dtype=tf.int64)
        epochs = places // count
        seeds = tf.stack([tf.fill([size], tf.constant(seed, tf.int64)), epochs, epochs * 0], axis=1)
        # The function around it in TensorFlow 2.21 takes one seed only, whatever it says.
        rows = tf.raw_ops.RandomIndexShuffle(
            index=places % count, seed=seeds, max_index=tf.constant(count - 1, tf.int64)
        )
        return {name: tf.gather(array, rows) for name, array in arrays.items()}

    return choose


def _streamed(split: Split, seed: int, first: int) -> tf.data.Dataset:
    """The endless sequence from example `first` on, read from the files."""
    epoch, done = divmod(first, split.count)

    def shuffled(number: tf.Tensor) -> tf.data.Dataset:
        # `Dataset.shuffle` takes no tensor as seed; its operation does. Two zeros are no seed.
        examples = _examples(split)
        specs = tf.nest.flatten(examples.element_spec)
        mixed = tf.raw_ops.ShuffleDataset(
            input_dataset=tf.data.experimental.to_variant(examples),
            buffer_size=tf.constant(SHUFFLED, tf.int64),
            seed=tf.constant(seed, tf.int64),
            seed2=number + 1,
            output_types=[spec.dtype for spec in specs],
            output_shapes=[spec.shape for spec in specs],
            reshuffle_each_iteration=False,
        )
        return tf.data.experimental.from_variant(mixed, examples.element_spec)

    epochs = tf.data.Dataset.range(epoch, ENDLESS)
    return epochs.flat_map(shuffled).skip(done)


def _examples(split: Split) -> tf.data.Dataset:
    """The examples one by one, images decoded, without keeping any."""
    source = split.source
    assert isinstance(source, Source)  # Arrays alone are never read again.
    options = tfxio.TensorFlowDatasetOptions(
        batch_size=READ_BATCH, num_epochs=1, shuffle=False, drop_final_batch=False
    )
    dataset = source.accessor.tf_dataset_factory(list(source.files), options, source.schema)

    def dense(features: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        wanted = (*source.shapes, source.label)
        values = {name: features[name] for name in wanted}
        return {
            name: tf.sparse.to_dense(v) if isinstance(v, tf.SparseTensor) else v
            for name, v in values.items()
        }

    def decoded(example: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        taken = {source.label: tf.reshape(example[source.label], [])}
        for name, shape in source.shapes.items():
            value = example[name]
            if value.dtype == tf.string:
                value = images.decode(tf.reshape(value, []), shape, source.resize)
            taken[name] = tf.reshape(value, shape)
        return taken

    return dataset.map(dense).unbatch().map(decoded, tf.data.AUTOTUNE, deterministic=True)


def _alone(inputs: dict[str, tf.Tensor]) -> Any:
    """A single input as a tensor: models in Keras' Sequential take no mapping."""
    return inputs if len(inputs) > 1 else next(iter(inputs.values()))


def _class_weights(weights: Mapping[int, float] | None, classes: int) -> tf.Tensor | None:
    if weights is None:
        return None
    vector = np.ones(max(classes, *(label + 1 for label in weights)), "float32")
    for label, weight in weights.items():
        vector[label] = weight
    return tf.constant(vector)
