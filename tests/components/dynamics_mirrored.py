"""A program: the dynamics of a training on two devices against those on one.

Usage: python dynamics_mirrored.py FOLDER
"""

import sys
from pathlib import Path

import tensorflow as tf

# Before anything else uses the devices.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
import keras
import numpy as np
from dynamics_subjects import OPTIMIZERS, fit, model, table

from tfx_updaters.components.trainer.dynamics import Dynamics
from tfx_updaters.components.trainer.dynamics_file import read_dynamics

# Keras' own clip bounds each replica's gradient, and so trains something else on two.
SUBJECTS = {
    "chain": OPTIMIZERS["clip, decay, trace"],
    "adam": OPTIMIZERS["Keras' adam"],
    "scaled": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1), initial_scale=8.0
    ),
}
STRATEGIES = {
    count: tf.distribute.MirroredStrategy([f"CPU:{n}" for n in range(count)]) for count in (1, 2)
}
for name, make in SUBJECTS.items():
    found, weights = [], []
    for devices in (1, 2):
        for recorded in (True, False):
            with STRATEGIES[devices].scope():
                made = model(make())
            folder = Path(sys.argv[1]) / f"{name}{devices}"
            fit(made, [Dynamics(folder, 2)] if recorded else [])
            weights.append(made.get_weights())
        found.append(table(read_dynamics(folder)))
    for a, b in zip(weights[2], weights[3], strict=True):
        np.testing.assert_array_equal(a, b)
    one, two = found
    keep = [k for k in one.index if k[2] not in ("examples_per_second", "clipped")]
    np.testing.assert_allclose(two[keep], one[keep], rtol=1e-2, atol=1e-4)
    print(name, len(keep), flush=True)
print("done")
