"""Batches: every example once an epoch, the same for the same step, whatever came before."""

import numpy as np
import pytest
import tensorflow as tf

from tfx_updaters.components.trainer import augment, batches, data
from tfx_updaters.components.trainer.config import Augmentation, TrainingConfig

COUNT = 23


def split(values=None):
    values = np.arange(COUNT, dtype="float32")[:, None] if values is None else values
    shapes = {"value": values.shape[1:]}
    source = data.Features(shapes=shapes, label="label", classes=3)
    labels = np.arange(len(values)) % 3
    return data.Split(source, len(values), {"value": values, "label": labels})


def taken(config, first, count):
    return [x.numpy().ravel() for x, *_ in batches.training(split(), config, first).take(count)]


def test_an_epoch_has_every_example_once_and_the_next_another_order():
    values = np.concatenate(taken(TrainingConfig(batch_size=5), 0, 14))
    first, second = values[:COUNT], values[COUNT : 2 * COUNT]
    assert sorted(first) == sorted(second) == list(range(COUNT))
    assert list(first) != list(second) and list(first) != sorted(first)


def test_batches_depend_on_seed_and_step_alone():
    config = TrainingConfig(batch_size=5, augmentation=Augmentation(noise=0.5))
    whole = taken(config, 0, 12)
    np.testing.assert_array_equal(whole[7:], taken(config, 7, 5))
    other = TrainingConfig(batch_size=5, seed=1, augmentation=Augmentation(noise=0.5))
    assert not np.array_equal(whole[0], taken(other, 0, 1)[0])


def test_labels_and_weights_go_with_their_examples():
    config = TrainingConfig(batch_size=5, class_weights={1: 3.0})
    for x, y, w in batches.training(split(), config, 0).take(10):
        np.testing.assert_array_equal(x[:, 0] % 3, y)
        np.testing.assert_array_equal(w, np.where(y == 1, 3.0, 1.0))


IMAGES = np.random.default_rng(0).random((64, 6, 6, 1)).astype("float32")
SEED = tf.constant([3, 4], tf.int64)


def changed(**how):
    return augment.changed({"image": tf.constant(IMAGES)}, Augmentation(**how), SEED)[
        "image"
    ].numpy()


def test_a_flip_mirrors_about_half_of_the_images():
    mirrored = IMAGES[:, :, ::-1]
    after = changed(flip=True)
    is_same = (after == IMAGES).all(axis=(1, 2, 3))
    is_mirrored = (after == mirrored).all(axis=(1, 2, 3))
    assert (is_same | is_mirrored).all() and 16 < is_mirrored.sum() < 48


def test_a_shift_moves_by_no_more_than_asked_and_repeats_the_edge():
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    places = set()
    for image, after in zip(padded, changed(shift=2), strict=True):
        found = [
            (y, x)
            for y in range(5)
            for x in range(5)
            if np.array_equal(image[y : y + 6, x : x + 6], after)
        ]
        assert found
        places.update(found)
    assert len(places) > 15, "all 25 moves occur"


def test_scale_multiplies_each_example_by_one_number():
    factors = changed(scale=0.3) / IMAGES
    np.testing.assert_allclose(factors, factors[:, :1, :1, :1] * np.ones_like(factors), rtol=1e-5)
    assert 0.7 <= factors.min() < 0.8 and 1.2 < factors.max() <= 1.3


def test_noise_has_the_standard_deviation_that_was_asked():
    assert (changed(noise=0.2) - IMAGES).std() == pytest.approx(0.2, rel=0.05)


def test_windows_are_shifted_in_time_alone():
    windows = np.arange(2 * 8 * 3, dtype="float32").reshape(2, 8, 3)
    after = augment.changed({"w": tf.constant(windows)}, Augmentation(shift=3), SEED)["w"].numpy()
    steps = windows[:, :, 0]
    assert all(set(row) <= set(steps[n]) for n, row in enumerate(after[:, :, 0]))
    np.testing.assert_array_equal(after[:, :, 1], after[:, :, 0] + 1)
