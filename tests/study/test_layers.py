"""What updates did to layers: the same names in each trial of a process."""

import keras
import numpy as np

from tfx_updaters.components.study.layers import Layers


def recorded() -> dict:
    """What is recorded of two epochs of three updates each, of layers that Keras names."""
    layers = [keras.layers.Dense(3), keras.layers.Dense(3, name="head_7"), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(keras.optimizers.SGD(0.1, clipvalue=1e-6), "mse")
    recorder = Layers(3)
    x = np.random.default_rng(0).normal(size=(12, 4))
    model.fit(x, x[:, :2], batch_size=4, epochs=2, verbose=0, callbacks=[recorder])
    return recorder.values()


def test_a_layer_has_one_name_in_all_trials_of_a_process():
    for _ in range(2):
        found = recorded()
        assert list(found) == ["clipped", "update_ratio", "cosine"]
        for layers in found.values():
            assert list(layers) == ["dense/kernel", "head_7/kernel", "dense_1/kernel"]
            assert all(len(values) == 2 for values in layers.values())
        assert found["clipped"]["dense/kernel"] == [1, 1]
