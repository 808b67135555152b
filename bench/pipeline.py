"""The whole pipeline against a stock TFX pipeline: process start to pushed model, in turn.

Both train the same CNN on the same records for the same number of updates. `stock/` is written
as TFX's own examples are: a module file, default settings. Three rounds; ratio of medians.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tfx_updaters.components.examples.named import write_digits

HERE = Path(__file__).parent
ROUNDS = 3
EPOCHS, STEPS_AN_EPOCH, EVAL_STEPS = 9, 45, 12
GOAL = 0.75
PROGRAM = Path(sys.executable).with_name("tfx-updaters")


def stock(data: Path, root: Path) -> tuple[float, str]:
    """Seconds and log of the stock pipeline."""
    arguments = [data, root, EPOCHS * STEPS_AN_EPOCH, EVAL_STEPS]
    command = [sys.executable, HERE / "stock" / "pipeline.py", *arguments]
    seconds, log = timed(command, {"BENCH_EPOCHS": str(EPOCHS)})
    assert list((root / "pushed").iterdir()), log[-2000:]
    return seconds, log


def ours(data: Path, root: Path) -> tuple[float, str]:
    """Seconds and output of ours."""
    command = [PROGRAM, "run", "--data", data, "--root", root, "--epochs", EPOCHS]
    seconds, log = timed(command, {})
    assert list(root.glob("pushed/*/*/saved_model.pb")), log[-2000:]
    return seconds, log


def timed(command: list, environment: dict[str, str]) -> tuple[float, str]:
    """Wall time and output of a process that must succeed."""
    began = time.monotonic()
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    seconds = time.monotonic() - began
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stdout[-3000:]}")
    return seconds, done.stdout


def main() -> int:
    """Prints each round, where our seconds go, and the bar; 1 if it is short."""
    times: dict[str, list[float]] = {"ours": [], "stock": []}
    with tempfile.TemporaryDirectory() as folder:
        data = write_digits(Path(folder) / "digits")
        for number in range(1, ROUNDS + 1):
            for name, pipeline in (("ours", ours), ("stock", stock)):
                seconds, log = pipeline(data, Path(folder) / f"{name}-{number}")
                times[name].append(seconds)
                print(f"round {number}: {name:<5} {seconds:6.1f} s", flush=True)
                if name == "ours" and number == ROUNDS:
                    print(*re.findall(r"^  \S.* (?:loaded|done) .*s$", log, re.M), sep="\n")
    ratio = statistics.median(times["ours"]) / statistics.median(times["stock"])
    state = "ok" if ratio <= GOAL else "short"
    print(f"pipeline, ours/stock  {ratio:.2f}  goal <= {GOAL}  {state}")
    return int(state == "short")


if __name__ == "__main__":
    sys.exit(main())
