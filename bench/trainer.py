"""Our own training on Fashion-MNIST: examples per second, the time to the first step, memory.

Examples per second are those of the steps alone, from TFRecords through `run_fn`, against plain
`keras.Model.fit` on arrays in memory with the same model, optimizer and metrics. The time to the
first step is from the start of `run_fn` to the end of the first step, beside a `run_fn` written as
TFX's examples are (`stock/fashion.py`), on 60,000 examples and on 600. Every measurement has a
process of its own, in turn. Of the rates the best round counts, as whatever else the machine does
only lowers them; of the times to the first step the median.
"""

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["tfx_updaters.components.trainer.fit", "tfx_updaters.components.testing", "lib.fashion"]
)

ROUNDS, BATCH, WARM, STEPS = 5, 64, 50, 400
EPOCHS = 50
OURS = "tfx_updaters.components.trainer.fit.run_fn"
STORE = Path(__file__).resolve().parents[1] / ".setup" / "fashion-mnist"


def marks() -> list[float]:
    """The times at which training steps end, from now on."""
    import keras

    times: list[float] = []
    ended = keras.callbacks.CallbackList.on_train_batch_end

    def marking(self, batch, logs=None):
        ended(self, batch, logs)
        times.append(time.perf_counter())

    keras.callbacks.CallbackList.on_train_batch_end = marking
    return times


def rate(times: list[float]) -> float:
    """Examples per second after the first steps."""
    return BATCH * (len(times) - WARM - 1) / (times[-1] - times[WARM])


def run(folder: Path, run_fn: str, steps: int) -> None:
    """The Trainer's executor on the examples of this folder."""
    from tfx.types import standard_artifacts

    from tfx_updaters.components import testing

    inputs = {
        "examples": testing.stored_examples(folder / "examples", ["train", "eval"]),
        "schema": standard_artifacts.Schema(),
    }
    inputs["schema"].uri = str(folder / "schema")
    config = {
        "model_fn": "tfx_updaters.components.trainer.cnn.image",
        "model_args": {"shape": [28, 28, 1], "classes": 10},
        "training": {"batch_size": BATCH},
    }
    testing.run_trainer(
        Path(tempfile.mkdtemp(dir=folder)), inputs, steps, run_fn=run_fn, custom_config=config,
        updater='{"updater": "momentum", "learning_rate": 0.05}',
    )  # fmt: skip


def ours(folder: Path) -> dict[str, float]:
    """Our training."""
    times, began = marks(), time.perf_counter()
    run(folder, OURS, WARM + STEPS)
    return {"rate": rate(times), "first": times[0] - began}


def first_step(folder: Path) -> dict[str, float]:
    """Our training, one step of it."""
    times, began = marks(), time.perf_counter()
    run(folder, OURS, 1)
    return {"first": times[0] - began}


def stock(folder: Path) -> dict[str, float]:
    """The stock `run_fn` under TFX's own executor, one step of it."""
    from tfx.components.trainer.executor import GenericExecutor

    from tfx_updaters.components import testing

    testing.Executor = GenericExecutor
    times, began = marks(), time.perf_counter()
    run(folder, "stock.fashion.run_fn", 1)
    return {"first": times[0] - began}


def plain(folder: Path) -> dict[str, float]:
    """Keras' `fit` on arrays."""
    import keras
    from lib import fashion

    from tfx_updaters.components.trainer import cnn

    data = fashion.arrays(STORE / fashion.INSIDE)
    model = cnn.image([28, 28, 1], 10)
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    times = marks()
    count = BATCH * (WARM + STEPS)
    images, labels = data["train"]
    model.fit(images[:count], labels[:count], batch_size=BATCH, verbose=0)
    return {"rate": rate(times)}


def memory(folder: Path) -> dict[str, float]:
    """Resident MiB after each tenth epoch of our `run_fn`, on few examples."""
    from tfx_updaters.components.trainer import progress

    resident: list[float] = []
    logged = progress.LogEpochs.on_epoch_end

    def watching(self, epoch, logs=None):
        logged(self, epoch, logs)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        resident.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)

    progress.LogEpochs.on_epoch_end = watching
    run(folder, OURS, EPOCHS * 10)
    return {f"epoch {n}": resident[n - 1] for n in (10, 20, 30, 40, EPOCHS)}


def _send(measure: Any, folder: Path, pipe: Any) -> None:
    pipe.send(measure(folder))


def measured(measure: Any, folder: Path) -> dict[str, float]:
    """What `measure` returns in a process of its own."""
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_send, args=(measure, folder, there))
    process.start()
    there.close()
    try:
        return here.recv()
    except EOFError:
        sys.exit(f"{measure.__name__} failed")
    finally:
        process.join()


def main() -> int:
    """Prints the measurements and the bars; 1 if one is short."""
    from lib import fashion
    from lib.bars import Bar

    data = fashion.arrays(fashion.unpacked(STORE))
    with tempfile.TemporaryDirectory() as temporary:
        whole, small = Path(temporary) / "whole", Path(temporary) / "small"
        fashion.artifacts(whole, data)
        fashion.artifacts(small, {split: (x[:640], y[:640]) for split, (x, y) in data.items()})
        cases = {
            "ours": (ours, whole), "keras": (plain, whole), "ours, first": (first_step, small),
            "stock, first": (stock, small), "stock, 60,000": (stock, whole),
        }  # fmt: skip
        found: dict[str, list] = {name: [] for name in cases}
        for _ in range(ROUNDS):
            for name, case in cases.items():
                found[name].append(measured(*case))
                print(f"{name:<14}", {k: round(v, 2) for k, v in found[name][-1].items()})
        resident = measured(memory, small)
    rates = {name: max(each["rate"] for each in found[name]) for name in ("ours", "keras")}
    first = {name: median(found[name], "first") for name in found if name != "keras"}
    print("resident MiB", {name: round(value) for name, value in resident.items()})
    print("seconds to the first step", {name: round(value, 2) for name, value in first.items()})
    print("examples per second", {name: round(value) for name, value in rates.items()})
    bars = (
        Bar("time for an example, ours/keras", rates["keras"] / rates["ours"], 1 / 0.95),
        Bar("to the first step, ours/stock", first["ours, first"] / first["stock, first"], 1.0),
        Bar("memory, epoch 50/10", resident["epoch 50"] / resident["epoch 10"], 1.02),
    )
    print(*bars, sep="\n")
    return int(any(bar.short for bar in bars))


def median(rounds: list[dict[str, float]], name: str) -> float:
    """Over the rounds."""
    return statistics.median(found[name] for found in rounds)


if __name__ == "__main__":
    sys.exit(main())
