"""Our sgd, momentum and adam on Fashion-MNIST with the network and the protocol of DeepOBS.

The convolutional network `2c2d`, batches of 128, no augmentation, a constant learning rate: those
that DeepOBS found best, of 36 on a log grid (F. Schneider, L. Balles and P. Hennig, ICLR 2019).
Beside our test accuracies stand those that its authors publish (`lib/deepobs.csv`, of
baselines/fmnist_2c2d in github.com/fsschneider/DeepOBS, MIT licence), seed by seed and epoch by
epoch: theirs is the accuracy on 9,984 of the 10,000 test images, ours on all.

An epoch takes most of a minute on two cores, so that the 100 of the protocol take more than an hour
for each updater: without `--epochs 100` they are compared at the tenth. Each epoch is kept in
`--folder`; the same command goes on where it was ended, and one with more epochs as well. With
`--dtype mixed_bfloat16`, on a CPU that multiplies such numbers, an epoch takes half of that; the
variables, their updates and the logits are of 32 bits with either.
"""

import argparse
import csv
import os
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from lib import fashion  # noqa: E402
from lib.bars import Bar  # noqa: E402

STORE = HERE.parent / ".setup"
BATCH, GOOD, SPREAD = 128, 0.9, 2
UPDATERS: Mapping[str, Mapping[str, float]] = {
    "sgd": {"learning_rate": 10**-0.8},
    "momentum": {"learning_rate": 10**-2.6, "momentum": 0.99},
    "adam": {"learning_rate": 10**-3.6},
}
# Accuracy on the test split by epoch, from 1 on.
Curve = Mapping[int, float]


def network() -> Any:
    """2c2d: two convolutions and two dense layers, 3.3 million parameters."""
    import keras

    start = {
        "kernel_initializer": keras.initializers.TruncatedNormal(stddev=0.05),
        "bias_initializer": keras.initializers.Constant(0.05),
    }
    layers = keras.layers
    convolution = {"kernel_size": 5, "padding": "same", "activation": "relu", **start}
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, **convolution),
            layers.MaxPooling2D(2, padding="same"),
            layers.Conv2D(64, **convolution),
            layers.MaxPooling2D(2, padding="same"),
            layers.Flatten(),
            layers.Dense(1024, activation="relu", **start),
            layers.Dense(10, dtype="float32", **start),
        ]
    )


def trained(updater: str, seed: int, epochs: int, folder: Path, data: Mapping) -> Curve:
    """Our curve; only epochs that the folder does not have are trained."""
    import keras
    import tensorflow as tf

    from tfx_updaters.optimizers import get

    log = folder / "epochs.csv"
    curve = _curve(log)
    if len(curve) >= epochs:
        return curve
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    model = network()
    model.compile(
        optimizer=get(updater, **UPDATERS[updater]).optimizer(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    train = tf.data.Dataset.from_tensor_slices(data["train"])
    model.fit(
        train.shuffle(60_000, seed=seed + 1000 * len(curve)).batch(BATCH, drop_remainder=True),
        epochs=epochs, validation_data=data["eval"], validation_batch_size=1000, verbose=2,
        callbacks=[
            keras.callbacks.CSVLogger(str(log), append=True),
            keras.callbacks.BackupAndRestore(str(folder / "state"), delete_checkpoint=False),
        ],
    )  # fmt: skip
    return _curve(log)


def _curve(log: Path) -> Curve:
    if not log.is_file():
        return {}
    with log.open(newline="") as file:
        return {int(row["epoch"]) + 1: float(row["val_accuracy"]) for row in csv.DictReader(file)}


def published() -> dict[str, list[Curve]]:
    """The curves of DeepOBS's authors by updater, one for each seed."""
    found: dict[str, list[Curve]] = {}
    with (HERE / "lib" / "deepobs.csv").open(newline="") as file:
        for updater, _, *accuracies in csv.reader(file):
            found.setdefault(updater, []).append(dict(enumerate(map(float, accuracies), 1)))
    return found


def bars(updater: str, ours: list[Curve], theirs: list[Curve], epoch: int) -> list[Bar]:
    """Whether ours is as accurate as theirs at that epoch, and as fast to 90 %."""
    at = [curve[epoch] for curve in theirs]
    mean, spread = statistics.mean(at), statistics.stdev(at)
    least = mean - SPREAD * spread
    fast = [_first(curve) for curve in theirs]
    return [
        Bar(
            f"{updater}, accuracy after {epoch} epochs, theirs {mean:.4f}",
            statistics.mean(curve[epoch] for curve in ours), None, least=least,
        ),
        Bar(
            f"{updater}, epochs to 90 %, theirs {min(fast)} to {max(fast)}",
            max(_first(curve) for curve in ours), max(fast),
        ),
    ]  # fmt: skip


def _first(curve: Curve) -> int:
    """The first epoch that is good; one more than there are if none is."""
    return next((epoch for epoch in sorted(curve) if curve[epoch] >= GOOD), len(curve) + 1)


def main() -> int:
    """Prints each epoch as it ends, then the bars; 1 if one is short."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10, choices=range(1, 101), metavar="1..100")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each updater")
    parser.add_argument("--dtype", default="float32", choices=("float32", "mixed_bfloat16"))
    parser.add_argument("--folder", type=Path, default=STORE / "deepobs")
    asked = parser.parse_args()
    import keras

    keras.config.set_dtype_policy(asked.dtype)
    data = fashion.arrays(fashion.unpacked(STORE / "fashion-mnist"))
    found = []
    for updater, theirs in published().items():
        ours = [
            trained(
                updater, seed, asked.epochs, asked.folder / f"{updater}-{seed}-{asked.dtype}", data
            )
            for seed in range(asked.seeds)
        ]
        found += bars(updater, ours, theirs, asked.epochs)
    print(*found, sep="\n")
    return int(any(bar.short for bar in found))


if __name__ == "__main__":
    sys.exit(main())
