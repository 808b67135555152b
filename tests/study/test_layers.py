"""What updates did to layers: the same names in each trial of a process."""

import keras
import numpy as np

from tfx_updaters.components import TrainingConfig
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.data import Data
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Trial

ARMS = (Arm("sgd", "sgd"), Arm("clip", "magnitude_clip"))


def made() -> keras.Model:
    """Layers that Keras names, and one that has a name of its own."""
    layers = [keras.layers.Dense(3), keras.layers.Dense(3, name="head_7"), keras.layers.Dense(2)]
    return keras.Sequential([keras.Input((4,), name="x"), *layers, keras.layers.Softmax()])


def test_a_layer_has_one_name_in_all_trials_of_a_process():
    random = np.random.default_rng(0)
    train, test = (
        {"x": random.normal(size=(n, 4)).astype("float32"), "label": np.arange(n) % 2}
        for n in (60, 20)
    )
    plan = Plan(ARMS, model_fn="test_layers.made", seeds=2,
                training=TrainingConfig(epochs=2, batch_size=12))  # fmt: skip
    training = Training(plan, Data(train, test))
    for arm in ARMS:
        for seed in plan.final_seeds:
            found = training.result(Trial(Condition(), arm, 0, seed)).dynamics
            assert {"update_ratio", "cosine"} <= set(found)
            for layers in found.values():
                assert list(layers) == ["dense/kernel", "head_7/kernel", "dense_1/kernel"]
                assert all(len(values) == 2 for values in layers.values())
