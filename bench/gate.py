"""The Evaluator: what its intervals cover, how it decides, and its speed beside the stock one.

The simulations are in `lib/gate_statistics.py`. Then our node judges train and eval together, with
both metrics, their gaps and the intervals of all, and two stock nodes compute the same two metrics,
one for each split: through their executors, in processes of their own, in turn. Each process has
imported everything and has run its nodes on few examples before it is timed; medians count.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
# Rounds by the number of examples.
ROUNDS = {2000: 3, 20_000: 3, 200_000: 3}
GOALS = {2000: 0.65, 20_000: 0.50, 200_000: 0.35}
BASELINE_GOAL, MEMORY_GOAL = 1.3, 1.2


def rounds(folder: Path) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """Every measurement, by what was measured and the number of examples."""
    from lib import gate_nodes as nodes
    from lib.processes import measured

    measured(nodes.write, folder, list(ROUNDS))
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for count, several in ROUNDS.items():
        for _ in range(several):
            for measure in (nodes.ours, nodes.stock, nodes.ours_with_baseline):
                one = measured(measure, folder, count)
                found.setdefault((measure.__name__, count), []).append(one)
                print(
                    f"{measure.__name__:<20} {count:>7} examples {one['seconds']:6.1f} s "
                    f"{one['peak']:6.0f} MiB", flush=True,
                )  # fmt: skip
    return found


def speed_bars(folder: Path) -> list:
    """Ratios of the medians; whether every run of ours says the same."""
    from lib.bars import Bar

    found = rounds(folder)

    def median(name: str, count: int, what: str = "seconds") -> float:
        return statistics.median(each[what] for each in found[name, count])

    bars = [
        Bar(
            f"ours/two stock nodes, {count} examples",
            median("ours", count) / median("stock", count),
            goal,
        )
        for count, goal in GOALS.items()
    ]
    for count in (20_000, 200_000):
        ratio = median("ours_with_baseline", count) / median("ours", count)
        bars.append(Bar(f"with/without baseline, {count} examples", ratio, BASELINE_GOAL))
    growth = median("ours", 200_000, "peak") / median("ours", 20_000, "peak")
    bars.append(Bar("peak memory, 200000/20000 examples", growth, MEMORY_GOAL))
    differing = sum(
        each["said"] != runs[0]["said"]
        for (name, _), runs in found.items()
        if name != "stock"
        for each in runs
    )
    return [*bars, Bar("runs that differ by a bit", differing, 0)]


def main() -> int:
    """Prints the measurements and the bars; 1 if one is short."""
    from lib import gate_statistics

    bars = [*gate_statistics.power_bars(), *gate_statistics.coverage_bars()]
    print(*bars, sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        speed = speed_bars(Path(temporary))
    print(*speed, sep="\n")
    return int(any(bar.short for bar in (*bars, *speed)))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
