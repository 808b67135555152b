"""What files of series hold, looked at without training: windows, what is dropped and skipped."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import sensor_convert, sensor_counts
from tfx_updaters.components.examples.image_layout import Skipped
from tfx_updaters.components.examples.records import SPLITS
from tfx_updaters.components.examples.sensor_counts import Counts
from tfx_updaters.components.examples.sensor_cut import Cut
from tfx_updaters.components.examples.sensor_layout import SeriesFiles
from tfx_updaters.components.examples.sensor_windows import Windows
from tfx_updaters.pipelines import window_picture
from tfx_updaters.pipelines.found import PICTURES, Found


def in_series(files: SeriesFiles, windows: Windows, max_skipped: int) -> Found:
    """What files of series hold, with everything that is left out.

    Args:
        files: that are read.
        windows: how they are cut.
        max_skipped: how many other files may lie beside them.

    Raises:
        DataError: a file or a series cannot be used, or there is no window to show.
    """
    made = sensor_convert.cuts(files, windows)
    counts = Counts.together(Counts.of(each, windows) for each in made)
    fault = ""
    try:
        sensor_counts.classes(counts, windows)
        files.refuse(max_skipped)
    except DataError as error:
        if not counts.windows:
            raise
        fault = str(error)
    return Found(
        counts=_by_class(counts),
        facts=tuple(_facts(counts, windows)),
        pictures=lambda: window_picture.drawn(_chosen(made, windows)),
        legend=window_picture.legend(windows.channels),
        skipped=(*files.skipped, *_short(counts, windows)),
        fault=fault,
    )


def _by_class(counts: Counts) -> dict[str, dict[str, int]]:
    """Windows by class and split."""
    names = sorted({name for _, name in counts.windows})
    return {name: {s: counts.windows.get((s, name), 0) for s in SPLITS} for name in names}


def _facts(counts: Counts, windows: Windows) -> Iterator[str]:
    """Sentences on how the series are cut."""
    length, channels = windows.shape
    yield (
        f"windows of {length} steps x {channels} channels ({', '.join(windows.channels)}), one "
        f"every {windows.step} steps"
    )
    yield (
        f"{counts.series:,} series; {counts.samples:,} samples, {counts.missing:,} with missing "
        f"values, {counts.moved:,} out of order"
    )
    dropped = ", ".join(f"{count:,} {why}" for why, count in sorted(counts.dropped.items()))
    yield f"windows dropped: {dropped or 'none'}"


def _short(counts: Counts, windows: Windows) -> Iterator[Skipped]:
    for name in counts.short_names:
        yield Skipped(name, f"shorter than a window of {windows.length} steps")
    more = counts.short - len(counts.short_names)
    if more:
        yield Skipped(f"{more:,} more series", "shorter than a window, too")


def _chosen(made: list[Cut], windows: Windows) -> dict[str, list[np.ndarray]]:
    """A few windows of each class, from all over the series."""
    places = defaultdict(list)
    for each in made:
        for start, label in zip(each.starts.tolist(), each.labels.tolist(), strict=True):
            places[each.names[label]].append((each, start))
    return {
        name: [
            each.steps.values[start : start + windows.length]
            for each, start in of[:: max(1, len(of) // PICTURES)][:PICTURES]
        ]
        for name, of in sorted(places.items())
    }
