"""Seconds until `tfx-updaters` answers help and usage errors: each command's median of seven."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("tfx-updaters")
CASES = {
    "--help": ["--help"],
    "run --help": ["run", "--help"],
    "unknown updater": ["run", "--updater", "magnitude_clp"],
    "negative clip": ["run", "--updater", "magnitude_clip", "--set", "max_gradient_value=-1"],
    "updaters": ["updaters"],
    "one arm": ["compare", "--updaters", "sgd"],
}
GOAL = 0.5


def seconds(arguments: list[str]) -> float:
    """Wall time of one process."""
    began = time.monotonic()
    subprocess.run([PROGRAM, *arguments], capture_output=True)
    return time.monotonic() - began


def main() -> int:
    """Prints one line for each case; 1 if one is short of the goal."""
    short = False
    for name, arguments in CASES.items():
        median = statistics.median(seconds(arguments) for _ in range(7))
        short |= median >= GOAL
        state = "ok" if median < GOAL else "short"
        print(f"{name:<20} {median:.2f} s  goal < {GOAL} s  {state}")
    return int(short)


if __name__ == "__main__":
    sys.exit(main())
