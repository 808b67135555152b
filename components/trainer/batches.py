"""Batches as a function of the seed and the step, so that a training can go on at any step."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tfx_bsl.public import tfxio

from tfx_updaters.components.trainer import augment, images
from tfx_updaters.components.trainer.config import TrainingConfig
from tfx_updaters.components.trainer.data import READ_BATCH, Features, Source, Split

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
    size = micro(config)
    batch = maker(split.source, config)
    seed = tf.constant(config.seed, tf.int64)
    if split.arrays is None:
        examples = _streamed(split, config.seed, first * size).batch(size, drop_remainder=True)
        numbered = tf.data.Dataset.zip(examples, tf.data.Dataset.range(first, ENDLESS))
        return _ready(numbered, lambda taken, step: batch(taken, seed, step))
    arrays = {name: tf.constant(array) for name, array in split.arrays.items()}
    steps = tf.data.Dataset.range(first, ENDLESS)
    return _ready(steps, lambda step: batch(chosen(arrays, seed, step, size), seed, step))


def micro(config: TrainingConfig) -> int:
    """The examples of a step, which is one of several of an update with `accumulate`."""
    return config.batch_size // config.accumulate


def chosen(
    arrays: Mapping[str, tf.Tensor], seed: tf.Tensor, step: tf.Tensor, size: int
) -> dict[str, tf.Tensor]:
    """The rows of arrays that a step takes.

    The place of an example in its epoch goes through a keyed permutation of 0..count-1
    (`index_shuffle`): nothing is kept, and no step depends on the one before.

    Args:
        arrays: examples x shape, by feature.
        seed: of the permutations; a scalar, as `step`, of int64.
        step: the batch's number.
        size: examples in it.
    """
    count = tf.shape(next(iter(arrays.values())), tf.int64)[0]
    places = step * size + tf.range(size, dtype=tf.int64)
    epochs = places // count
    seeds = tf.stack([tf.fill([size], seed), epochs, epochs * 0], axis=1)
    # The function around it in TensorFlow 2.21 takes one seed only, whatever it says.
    rows = tf.raw_ops.RandomIndexShuffle(index=places % count, seed=seeds, max_index=count - 1)
    return {name: tf.gather(array, rows) for name, array in arrays.items()}


def maker(source: Features, config: TrainingConfig) -> Callable[..., tuple]:
    """What makes a batch to train with of the examples that a step takes.

    Returns:
        (examples x shape by feature, seed, step) -> (inputs, labels), or with weights.
    """
    weights = _class_weights(config.class_weights, source.classes or 1)

    def batch(taken: Mapping[str, tf.Tensor], seed: tf.Tensor, step: tf.Tensor) -> tuple:
        inputs, labels = _pair(source, taken)
        if config.augmentation:
            inputs = augment.changed(inputs, config.augmentation, tf.stack([seed, step]))
        whole = (_alone(inputs), labels)
        return whole if weights is None else (*whole, tf.gather(weights, labels))

    return batch


def judged(source: Features, taken: Mapping[str, tf.Tensor]) -> tuple:
    """A batch to judge a model with: (inputs, labels) of these examples."""
    inputs, labels = _pair(source, taken)
    return _alone(inputs), labels


def evaluation(split: Split) -> tf.data.Dataset:
    """All examples once, in their order."""
    source = split.source
    arrays: Any = split.arrays
    if arrays is None:
        dataset = _examples(split).batch(EVALUATION_BATCH)
    else:
        dataset = tf.data.Dataset.from_tensor_slices(arrays).batch(EVALUATION_BATCH)

    return _ready(dataset, lambda taken: judged(source, taken))


def _ready(dataset: tf.data.Dataset, batch: Any) -> tf.data.Dataset:
    """The batches, some of them made ahead; several workers share each one."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    batch = tf.autograph.experimental.do_not_convert(batch)  # It has no branch on a tensor.
    made = dataset.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return made.prefetch(tf.data.AUTOTUNE).with_options(options)


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


def _pair(source: Features, taken: Mapping[str, tf.Tensor]) -> tuple[dict[str, Any], Any]:
    inputs = {
        name: images.as_input(taken[name], shape, source.resize)
        for name, shape in source.shapes.items()
    }
    return inputs, taken[source.label]


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
