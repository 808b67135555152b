"""A program: every subject on several replicas against one device with the whole batch.

Usage: python replicas.py mirrored | worker   (TF_CONFIG says which worker this is)
Prints a line for each subject that differs, and how many were compared.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

if sys.argv[1] == "mirrored":
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
else:
    # Before anything else: the strategy starts this worker's server.
    strategy = tf.distribute.MultiWorkerMirroredStrategy()

sys.path.insert(0, str(Path(__file__).parents[1] / "optimizers"))
import subjects

from tfx_updaters.optimizers.testing import descend, gradient, values, variables

REPLICAS, STEPS = 2, 3


def on_replicas(make):
    """The weights after a few steps, each replica with another share of the gradient.

    Mean of the shares is the gradient that one device gets; replicas are summed, as Keras does
    with losses that are divided by the number of replicas.
    """
    with strategy.scope():
        trained = variables()
        optimizer = make()
        optimizer.build(trained)

    @tf.function
    def step(gradients):
        def on_one(context_id, gradients):
            sign = 1.0 - 2.0 * tf.cast(context_id, tf.float32)
            # Shares that differ much, and add up to the gradient.
            shares = [g / REPLICAS + sign * 3.0 * (1.0 + g) for g in gradients]
            optimizer.apply(shares, trained)

        ids = strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(context.replica_id_in_sync_group)
        )
        strategy.run(on_one, args=(ids, gradients))

    for number in range(STEPS):
        step([tf.constant(gradient(v, number)) for v in trained])
    for place, variable in enumerate([*trained, *optimizer.variables]):
        copies = [copy.numpy() for copy in getattr(variable.value, "values", [])]
        for copy in copies[1:]:
            np.testing.assert_array_equal(copies[0], copy, err_msg=variable.path)
        if sys.argv[1] == "mirrored" and place < len(trained):
            assert len(copies) == REPLICAS, (variable.path, len(copies))
    return values(trained)


def main() -> int:
    assert strategy.num_replicas_in_sync == REPLICAS
    wrong = 0
    for name, make in subjects.MAKERS.items():
        try:
            ours = on_replicas(make)
            alone = descend(make(), variables(), range(STEPS))
            for a, b in zip(ours, alone, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
        except Exception as error:
            wrong += 1
            print(f"{name}: {type(error).__name__}: {str(error)[:600]}")
    print(f"{len(subjects.MAKERS)} compared, {wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
