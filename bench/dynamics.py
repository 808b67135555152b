"""What recording the dynamics of a training costs: steps with it over steps without."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf
from lib.bars import Bar
from lib.timing import ratio

from tfx_updaters.components.trainer import cnn
from tfx_updaters.components.trainer.dynamics import Dynamics
from tfx_updaters.optimizers import get

BATCHES = (32, 64)
GOALS = {10: 1.03, 1: 1.15}
OPTIMIZERS = {
    "magnitude_clip": lambda: get("magnitude_clip").optimizer(),
    "Keras' Adam": lambda: keras.optimizers.Adam(1e-4),
}
# A call of this many steps has one that is due, and those that lead to it, whatever `every`.
STEPS = 10
# A few percent are to be seen, in samples of 0.1 s that differ by more.
SECONDS = 35.0


def compiled(make: Callable[[], Any]) -> keras.Model:
    """Our CNN for images of Fashion-MNIST's size."""
    model = cnn.build((28, 28, 1), 10)
    model.compile(make(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def steps(model: keras.Model, batch: int, callbacks: list) -> Callable[[], None]:
    """A call that does `STEPS` steps in the middle of a fit, on images in memory."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(2048, 28, 28, 1)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices((images, rng.integers(0, 10, 2048)))
    iterator = iter(data.repeat().batch(batch).prefetch(tf.data.AUTOTUNE))
    model.make_train_function()
    keras.callbacks.CallbackList(callbacks, add_history=True, model=model).on_train_begin()

    def call() -> None:
        for _ in range(STEPS):
            model.train_function(iterator)

    return call


def bars() -> Iterator[tuple[Bar, object]]:
    """Bars and what was measured, for each optimizer, size of a batch and steps between records."""
    for name, make in OPTIMIZERS.items():
        for batch in BATCHES:
            for every, goal in GOALS.items():
                with ExitStack() as stack:
                    folder = stack.enter_context(tempfile.TemporaryDirectory())
                    calls = [
                        steps(compiled(make), batch, callbacks)
                        for callbacks in ([Dynamics(folder, every)], [], [])
                    ]
                    found = ratio(*calls, least=SECONDS)
                yield Bar(f"every {every}, {name}, batch {batch}", found.value, goal), found


def main() -> int:
    """Prints what is measured as it comes, then a line for each bar; 1 if one is short."""
    found = []
    for bar, measured in bars():
        print(f"  {bar.name:<44} {measured}", flush=True)
        found.append(bar)
        keras.backend.clear_session()
    print(*found, sep="\n")
    return int(any(bar.short for bar in found))


if __name__ == "__main__":
    sys.exit(main())
