"""Our own training on Fashion-MNIST: examples per second, the time to the first step, memory.

The time for an example is that of the steps alone, from TFRecords through `run_fn`, against plain
`keras.Model.fit` on arrays in memory with the same model, optimizer and metrics. The two trainings
are processes that take turns, a burst of steps each, so that whatever else the machine does meets
both; the ratio is the median over the pairs of bursts. The time to the first step is from the start
of `run_fn` to the end of the first step, beside a `run_fn` written as TFX's examples are
(`stock/fashion.py`), on 60,000 examples and on 600: the median of processes of their own, in turn.
"""

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["tfx_updaters.components.trainer.fit", "tfx_updaters.components.testing", "lib.fashion"]
)

ROUNDS, BATCH, EPOCHS = 5, 64, 50
# Steps before the first burst, in a burst, and passed over at a burst's begin; pairs of bursts.
WARM, BURST, SETTLE, PAIRS = 50, 60, 10, 14
STEPS = WARM + BURST * PAIRS
OURS = "tfx_updaters.components.trainer.fit.run_fn"
STORE = Path(__file__).resolve().parents[1] / ".setup" / "fashion-mnist"


def at_each_step(call: Callable[[], None]) -> None:
    """Has `call` called when a training step has ended, from now on."""
    import keras

    ended = keras.callbacks.CallbackList.on_train_batch_end

    def marking(self, batch, logs=None):
        ended(self, batch, logs)
        call()

    keras.callbacks.CallbackList.on_train_batch_end = marking


def take_turns(pipe: Any) -> None:
    """Lets the training wait for its turn before each burst, and sends the seconds of each."""
    done, began = 0, 0.0

    def step() -> None:
        nonlocal done, began
        done += 1
        place = (done - WARM) % BURST
        if done >= WARM and not place:
            pipe.send(time.perf_counter() - began)
            pipe.recv()
        if place == SETTLE:
            began = time.perf_counter()

    at_each_step(step)


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


def first_step(folder: Path, run_fn: str = OURS) -> float:
    """Seconds to the end of the first step."""
    times: list[float] = []
    at_each_step(lambda: times.append(time.perf_counter()))
    began = time.perf_counter()
    run(folder, run_fn, 1)
    return times[0] - began


def stock(folder: Path) -> float:
    """Those of the stock `run_fn` under TFX's own executor."""
    from tfx.components.trainer.executor import GenericExecutor

    from tfx_updaters.components import testing

    testing.Executor = GenericExecutor
    return first_step(folder, "stock.fashion.run_fn")


def ours(folder: Path, pipe: Any) -> None:
    """Our training, in bursts."""
    take_turns(pipe)
    run(folder, OURS, STEPS + 1)


def plain(folder: Path, pipe: Any) -> None:
    """Keras' `fit` on arrays, in bursts."""
    import keras
    from lib import fashion

    from tfx_updaters.components.trainer import cnn

    data = fashion.arrays(STORE / fashion.INSIDE)
    model: Any = cnn.image([28, 28, 1], 10)
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    take_turns(pipe)
    count = BATCH * (STEPS + 1)
    images, labels = data["train"]
    model.fit(images[:count], labels[:count], batch_size=BATCH, verbose=0)


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


def bursts(folder: Path) -> list[tuple[float, float]]:
    """Seconds of the steps of each pair of bursts: ours, Keras'."""
    pipes, processes = [], []
    for training in (ours, plain):
        here, there = FORKS.Pipe()
        processes.append(FORKS.Process(target=training, args=(folder, there)))
        processes[-1].start()
        there.close()
        here.recv()  # It has warmed up.
        pipes.append(here)

    def burst(pipe: Any) -> float:
        pipe.send("go on")
        return pipe.recv()

    pairs = [(burst(pipes[0]), burst(pipes[1])) for _ in range(PAIRS)]
    for process in processes:
        process.kill()  # SIGTERM has a training save and end at its next step, which never comes.
        process.join()
    return pairs


def _send(measure: Any, folder: Path, pipe: Any) -> None:
    pipe.send(measure(folder))


def measured(measure: Any, folder: Path) -> Any:
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
        pairs = bursts(whole)
        cases = {"ours": (first_step, small), "stock": (stock, small),
                 "ours, 60,000": (first_step, whole), "stock, 60,000": (stock, whole)}  # fmt: skip
        found: dict[str, list] = {name: [] for name in cases}
        for _ in range(ROUNDS):
            for name, case in cases.items():
                found[name].append(measured(*case))
        resident = measured(memory, small)
    examples = BATCH * (BURST - SETTLE)
    for name, seconds in zip(("ours", "keras"), zip(*pairs, strict=True), strict=True):
        print(f"examples per second, {name:<8} {examples / statistics.median(seconds):.0f}")
    ratios = sorted(mine / theirs for mine, theirs in pairs)
    print("ratios of the pairs", [round(ratio, 2) for ratio in ratios])
    first = {name: statistics.median(times) for name, times in found.items()}
    print("seconds to the first step", {name: round(value, 2) for name, value in first.items()})
    print("resident MiB", {name: round(value) for name, value in resident.items()})
    bars = (
        Bar("time for an example, ours/keras", statistics.median(ratios), 1 / 0.95),
        Bar("to the first step, ours/stock", first["ours"] / first["stock"], 1.0),
        Bar("memory, epoch 50/10", resident["epoch 50"] / resident["epoch 10"], 1.02),
    )
    print(*bars, sep="\n")
    return int(any(bar.short for bar in bars))


if __name__ == "__main__":
    sys.exit(main())
