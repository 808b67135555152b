"""The article's three classes: its names and arguments, and what its own versions get wrong."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfx_updaters.optimizers import (
    CustomWeightDecayUpdater,
    MagnitudeClipUpdater,
    PerLayerMomentumUpdater,
    RuleError,
    UpdaterError,
)
from tfx_updaters.optimizers.testing import descend, equal, values, variables


def applied(optimizer, *gradients):
    variable = keras.Variable(np.zeros(2, "float32"), name="w")
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient)], [variable])
    return keras.ops.convert_to_numpy(variable)


def test_the_arguments_are_the_articles_by_place_and_by_name():
    assert MagnitudeClipUpdater(0.1, 0.5).get_config()["max_gradient_value"] == 0.5
    assert CustomWeightDecayUpdater(0.1, 0.01).get_config()["weight_decay_rate"] == 0.01
    coefficients = {"conv": 0.5, "default": 0.9}
    config = PerLayerMomentumUpdater(0.1, layer_momentum_coefs=coefficients).get_config()
    assert config["layer_momentum_coefs"] == coefficients
    assert float(MagnitudeClipUpdater().learning_rate) == pytest.approx(0.001)


def test_a_list_has_a_coefficient_for_each_variable():
    listed = descend(PerLayerMomentumUpdater(0.1, [0.5, 0.5, 0.9, 0.9]), variables(), range(4))
    ruled = PerLayerMomentumUpdater(0.1, {"conv": 0.5, "default": 0.9})
    equal(listed, descend(ruled, variables(), range(4)), tolerance=0)


def test_without_coefficients_it_is_a_momentum_of_nine_tenths():
    assert applied(PerLayerMomentumUpdater(1.0), [1.0, 2.0], [1.0, 2.0]) == pytest.approx(
        [-2.9, -5.8]
    )


def test_a_list_of_another_length_lists_the_variables():
    with pytest.raises(RuleError, match=r"2 .* 1 .*w"):
        applied(PerLayerMomentumUpdater(0.1, [0.5, 0.9]), [1.0, 1.0])


def test_accumulated_gradients_are_clipped_once_as_their_mean():
    """Mean of 4 and -2 is 1, clipped to 0.5; a clip of each micro-batch would give 0."""
    optimizer = MagnitudeClipUpdater(1.0, 0.5, gradient_accumulation_steps=2)
    assert applied(optimizer, [4.0, 4.0], [-2.0, -2.0]) == pytest.approx([-0.5, -0.5])


def test_sparse_gradients_are_clipped_after_duplicate_rows_are_added_up():
    table = keras.Variable(np.zeros((3, 1), "float32"), name="table")
    gradient = tf.IndexedSlices(tf.constant([[4.0], [-3.8]]), tf.constant([1, 1]), (3, 1))
    MagnitudeClipUpdater(1.0, 0.5).apply([gradient], [table])
    assert values([table])[0][:, 0] == pytest.approx([0, -0.2, 0], abs=1e-6)


@pytest.mark.parametrize(
    "make", [lambda: MagnitudeClipUpdater(clipvalue=1.0),
             lambda: CustomWeightDecayUpdater(weight_decay=0.1)]
)  # fmt: skip
def test_an_argument_of_keras_that_repeats_a_transform_is_refused(make):
    with pytest.raises(UpdaterError, match="twice"):
        make()
