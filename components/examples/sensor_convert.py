"""Files of series as the TFRecords that `records` reads, made on this machine without Beam."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from tfx_updaters.components.examples import sensor_counts, sensor_files
from tfx_updaters.components.examples.records import COUNTS, SPLITS
from tfx_updaters.components.examples.sensor_counts import Counts
from tfx_updaters.components.examples.sensor_cut import Cut, cut
from tfx_updaters.components.examples.sensor_files import Piece
from tfx_updaters.components.examples.sensor_layout import SeriesFiles
from tfx_updaters.components.examples.sensor_series import Series, joined
from tfx_updaters.components.examples.sensor_windows import Windows
from tfx_updaters.components.examples.whole_folder import appearing

# What is written for the same series; another number makes them anew.
FORMAT = 1


def cuts(files: SeriesFiles, windows: Windows) -> list[Cut]:
    """Every series, read once and cut, in memory.

    Raises:
        DataError: a file or a series cannot be used.
    """
    return [cut(series, windows) for series in _series(files, windows)]


def _series(files: SeriesFiles, windows: Windows) -> Iterator[Series]:
    """A series for each file, or for each value of the group column over all files."""
    pieces: dict[str, list[Piece]] = defaultdict(list)
    for name in files.names:
        for series, piece in sensor_files.read(str(files.base / name), name, windows):
            pieces[series].append(piece)
        if windows.group is None and name in pieces:
            yield joined(name, pieces.pop(name))
    for name in sorted(pieces):
        yield joined(name, pieces.pop(name))


def fingerprint(files: SeriesFiles, windows: Windows) -> str:
    """Another one when a file is added, removed or changed, or is cut in another way."""
    digest = hashlib.sha256(json.dumps([FORMAT, windows.to_json()], sort_keys=True).encode())
    for name in files.names:
        status = (files.base / name).stat()
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def convert(files: SeriesFiles, windows: Windows, into: Callable[[str], Path]) -> Path:
    """Writes the windows of some files once, as TFRecords by split and a `windows.json`.

    The folder appears whole or not at all, and is left as it is where it exists, so that TFX's
    cache sees no change.

    Args:
        files: of series.
        windows: how they are cut.
        into: the folder to write, by the fingerprint.

    Returns:
        the folder that was written.

    Raises:
        DataError: the series cannot be used, or give no data to train and judge on.
    """
    target = into(fingerprint(files, windows))
    if target.is_dir():
        return target
    made = cuts(files, windows)
    counts = Counts.together(Counts.of(each, windows) for each in made)
    classes = sensor_counts.classes(counts, windows)
    with appearing(target) as partial:
        (partial / COUNTS).write_text(sensor_counts.dumps(counts, windows), encoding="utf-8")
        _write(made, windows, classes, partial)
    return target


def _write(made: list[Cut], windows: Windows, classes: tuple[str, ...], target: Path) -> None:
    import tensorflow as tf

    from tfx_updaters.components.examples.sensor_record import examples

    with ExitStack() as stack:
        writers = {
            split: stack.enter_context(
                tf.io.TFRecordWriter(str(target / f"{split}.tfrecord.gz"), "GZIP")
            )
            for split in SPLITS
        }
        for each in made:
            for split, record in examples(each, windows, classes):
                writers[split].write(record)
