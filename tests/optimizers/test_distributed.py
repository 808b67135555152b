"""Two devices under `MirroredStrategy` equal one, in a process of their own."""

import subprocess
import sys

PROGRAM = """
import keras, numpy as np, tensorflow as tf
from tfx_updaters.optimizers import AddDecayedWeights, ChainedOptimizer, Clip, Trace
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
x = np.random.default_rng(0).normal(size=(16, 5)).astype("float32")
y = np.arange(16) % 3

def trained(strategy):
    keras.utils.set_random_seed(1)
    with strategy.scope():
        model = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(3, name="dense")])
        chain = [Clip(0.05), AddDecayedWeights(0.01), Trace({"kernel": 0.5, "default": 0.9})]
        model.compile(ChainedOptimizer(0.1, chain),
                      keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    return model

two = trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
one = trained(tf.distribute.get_strategy())
for a, b in zip(two.get_weights(), one.get_weights()):
    np.testing.assert_allclose(a, b, atol=1e-6)
for variable in two.variables + two.optimizer.variables:
    copies = [c.numpy() for c in getattr(variable.value, "values", [])]
    assert len(copies) == 2, (variable.path, len(copies))
    np.testing.assert_array_equal(*copies)
print("replicas equal")
"""


def test_two_replicas_stay_identical_and_equal_one_device():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout.strip().endswith("replicas equal"), done.stderr[-2000:]
