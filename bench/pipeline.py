"""The whole pipeline against a stock TFX pipeline: process start to pushed model, in turn.

Both train the same CNN on the same records for the same number of updates. `stock/` is written
as TFX's own examples are: a module file, default settings. Three rounds; ratio of medians.
Where the seconds go is the median of the rounds as well: from the start of the process to the
first node (imports above all), each node as the metadata store recorded it, and what is between
and after them.
"""

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tfx_updaters.components.examples.named import write_digits

HERE = Path(__file__).resolve().parent
ROUNDS = 3
EPOCHS, STEPS_AN_EPOCH, EVAL_STEPS = 9, 45, 12
GOAL = 0.75
PROGRAM = Path(sys.executable).with_name("tfx-updaters")


def stock(data: Path, root: Path) -> dict[str, float]:
    """Seconds of the stock pipeline."""
    arguments = [data, root, EPOCHS * STEPS_AN_EPOCH, EVAL_STEPS]
    command = [sys.executable, HERE / "stock" / "pipeline.py", *arguments]
    return timed(command, root / "metadata.db", root / "pushed")


def ours(data: Path, root: Path) -> dict[str, float]:
    """Seconds of ours."""
    command = [PROGRAM, "run", "--data", data, "--root", root, "--epochs", EPOCHS]
    return timed(command, root / "metadata.sqlite", root / "pushed")


def timed(command: list, metadata: Path, pushed: Path) -> dict[str, float]:
    """Where the seconds of a process go that must push a model; `total` is its wall time."""
    began = time.time()
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, "BENCH_EPOCHS": str(EPOCHS)},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    total = time.time() - began
    if done.returncode or not list(pushed.glob("**/saved_model.pb")):
        sys.exit(f"{command} failed:\n{done.stdout[-3000:]}")
    started, nodes = executions(metadata)
    parts = {"start, imports": started - began, **nodes}
    return {"total": total, **parts, "between, end": total - sum(parts.values())}


def executions(metadata: Path) -> tuple[float, dict[str, float]]:
    """When the first node started (seconds since 1970), and the seconds of each."""
    query = (
        "SELECT Type.name, Execution.create_time_since_epoch, "
        "Execution.last_update_time_since_epoch FROM Execution "
        "JOIN Type ON Type.id = Execution.type_id ORDER BY Execution.id"
    )
    with sqlite3.connect(metadata) as store:
        rows = store.execute(query).fetchall()
    nodes = {name.rpartition(".")[2]: (end - start) / 1000 for name, start, end in rows}
    return rows[0][1] / 1000, nodes


def main() -> int:
    """Prints each round, where the seconds go, and the bar; 1 if it is short."""
    rounds: dict[str, list[dict[str, float]]] = {"ours": [], "stock": []}
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        data = write_digits(Path(folder) / "digits")
        for number in range(1, ROUNDS + 1):
            for name, pipeline in (("ours", ours), ("stock", stock)):
                rounds[name].append(pipeline(data, Path(folder) / f"{name}-{number}"))
                print(f"round {number}: {name:<5} {rounds[name][-1]['total']:6.1f} s", flush=True)
    medians = {
        name: {part: statistics.median(found[part] for found in several) for part in several[0]}
        for name, several in rounds.items()
    }
    print(f"{'seconds':<20}{'ours':>8}{'stock':>8}")
    for part, seconds in medians["ours"].items():
        print(f"{part:<20}{seconds:>8.1f}{medians['stock'][part]:>8.1f}")
    ratio = medians["ours"]["total"] / medians["stock"]["total"]
    state = "ok" if ratio <= GOAL else "short"
    print(f"pipeline, ours/stock  {ratio:.2f}  goal <= {GOAL}  {state}")
    return int(state == "short")


if __name__ == "__main__":
    sys.exit(main())
