"""Data into a pipeline and through the gate, 1 to 1,000 thousand examples: seconds and memory.

Each of our nodes runs in memory, in two processes and on Flink, two parts at a time. Beside it
stands what TFX has for it: a loop over files and ImportExampleGen for ImageFolderExampleGen;
CsvExampleGen, which makes no windows, for SensorExampleGen; two stock Evaluators for ours. Every
measurement is in a process of its own. Other sizes are given in thousands, and parts of it by
name: `bench/scale.py images series 1 10`.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
SIZES, PARTS = (1, 10, 100, 1000), ("images", "series", "gate")
# CsvExampleGen takes too long beyond these: 64 rows for each window.
MOST_ROWS = 10
MEMORY_GOAL, GROWTH_GOAL, TWICE = 1.2, 1.2, 0.5


def main(words: Sequence[str]) -> int:
    """Prints the measurements and the bars; 1 if one is short."""
    sizes = [int(word) for word in words if word.isdigit()] or SIZES
    parts = [word for word in words if not word.isdigit()] or PARTS
    if unknown := [part for part in parts if part not in PARTS]:
        sys.exit(f"received {', '.join(unknown)}; allowed are {', '.join(PARTS)} and thousands")
    with tempfile.TemporaryDirectory() as temporary:
        found = Measurements(Path(temporary), sizes)
        bars = [bar for part in parts for bar in getattr(found, part)()]
    print(*bars, sep="\n")
    return int(any(bar.short for bar in bars))


class Measurements:
    """Seconds and MiB by what was measured and the number of examples in thousands."""

    def __init__(self, folder: Path, sizes: Sequence[int]):
        self.folder, self.sizes = folder, sorted(sizes)
        self.found: dict[tuple[str, int], dict[str, Any]] = {}

    def images(self) -> list[Any]:
        """Of files in folders."""
        from lib import ingestion as ways

        ours = (
            ways.image_folder, ways.image_folder_in_two_processes, ways.image_folder_on_flink,
        )  # fmt: skip
        self._measure(ways.write_images, (*ours, ways.image_records), self.sizes)
        return [
            *self._beside("image_folder", "image_records", self.sizes, TWICE),
            *self._growth(ours),
        ]

    def series(self) -> list[Any]:
        """Of windows in CSV files."""
        from lib import ingestion as ways

        small = [size for size in self.sizes if size <= MOST_ROWS]
        large = [size for size in self.sizes if size > MOST_ROWS]
        ours = ways.windows, ways.windows_in_two_processes, ways.windows_on_flink
        self._measure(ways.write_series, (*ours, ways.rows), small)
        self._measure(ways.write_series, ours, large)
        return [
            *self._beside("windows", "rows", small, 1.0),
            *self._growth(ours),
        ]

    def gate(self) -> list[Any]:
        """Of the Evaluator, with train and eval together."""
        from lib import gate_nodes as nodes

        ours = nodes.ours, nodes.ours_in_two_processes, nodes.ours_on_flink
        self._measure(nodes.write_one, (*ours, nodes.stock), self.sizes)
        return [
            *self._beside("ours", "stock", self.sizes, TWICE),
            *self._growth(ours),
        ]

    def _measure(
        self, write: Callable[..., None], kinds: Sequence[Callable], sizes: Sequence[int]
    ) -> None:
        from lib.processes import measured

        for size in sizes:
            folder = self.folder / f"{write.__name__}-{size}"
            folder.mkdir()
            measured(write, folder, size * 1000)
            for kind in kinds:
                one = measured(kind, folder, size * 1000)
                self.found[kind.__name__, size] = one
                print(
                    f"{kind.__name__:<30} {size:>5} thousand {one['seconds']:7.1f} s "
                    f"{one['peak']:6.0f} MiB", flush=True,
                )  # fmt: skip
            shutil.rmtree(folder)

    def _beside(self, ours: str, theirs: str, sizes: Sequence[int], goal: float) -> list[Any]:
        from lib.bars import Bar

        return [
            Bar(
                f"{ours}/{theirs}, {size} thousand", self._ratio((ours, size), (theirs, size)), goal
            )
            for size in sizes
        ]

    def _growth(self, kinds: Sequence[Callable]) -> list[Any]:
        """From ten thousand up: memory stays, and an example takes no longer."""
        from lib.bars import Bar

        large = [size for size in self.sizes if size >= 10]
        if len(large) < 2:
            return []
        text, bars = f"{large[-1]}/{large[0]} thousand", []
        for name in (kind.__name__ for kind in kinds):
            least, before, most = ((name, size) for size in (large[0], large[-2], large[-1]))
            memory = self._ratio(most, least, "peak")
            slower = self._ratio(most, before) * large[-2] / large[-1]
            bars += [
                Bar(f"memory of {name}, {text}", memory, MEMORY_GOAL),
                Bar(f"seconds an example of {name}, {large[-1]}/{large[-2]}", slower, GROWTH_GOAL),
            ]
        return bars

    def _ratio(self, one: Any, other: Any, what: str = "seconds") -> float:
        return self.found[one][what] / self.found[other][what]


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main(sys.argv[1:]))
