"""Ways of data into a pipeline, to be timed: ours, and those that TFX has."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lib import flink, processes
from lib.gate_nodes import BEAM, TWO

CLASSES, SIDE = 10, 28
STEPS, CHANNELS = 64, ("x", "y", "z")
# Windows in a series, each in a file of its own.
SERIES = 500


def write_images(folder: Path, count: int) -> None:
    """Grey PNG files of noise, in a folder for each class."""
    from PIL import Image

    rng = np.random.default_rng(count)
    for number in range(count):
        of_class = folder / f"images-{count}" / str(number % CLASSES)
        if number < CLASSES:
            of_class.mkdir(parents=True)
        pixels = rng.integers(256, size=(SIDE, SIDE), dtype=np.uint8)
        Image.fromarray(pixels).save(of_class / f"{number}.png", compress_level=1)


def write_series(folder: Path, count: int) -> None:
    """CSV files whose steps make this many windows that do not overlap."""
    import pandas as pd

    place = folder / f"series-{count}"
    place.mkdir()
    rng = np.random.default_rng(count)
    for number in range(-(-count // SERIES)):
        steps = min(SERIES, count - number * SERIES) * STEPS
        values = rng.normal(size=(steps, len(CHANNELS))).round(4)
        series = pd.DataFrame(values, columns=list(CHANNELS))
        series.insert(0, "time", np.arange(steps))
        series["label"] = np.where(np.arange(steps) // STEPS % 2, "walk", "rest")
        series.to_csv(place / f"{number:05}.csv", index=False)


def image_folder(folder: Path, count: int, beam: Sequence[str] = BEAM) -> dict[str, Any]:
    """ImageFolderExampleGen: checks every file, keeps near-copies on one side, makes splits."""
    from tfx_updaters.components import ImageFolderExampleGen

    return _timed(folder, lambda: ImageFolderExampleGen(str(folder / f"images-{count}")), beam)


def image_folder_in_two_processes(folder: Path, count: int) -> dict[str, Any]:
    """The same on two of Beam's workers."""
    return image_folder(folder, count, TWO)


def image_folder_on_flink(folder: Path, count: int) -> dict[str, Any]:
    """The same on Flink."""
    with flink.serving(2) as beam:
        found = image_folder(folder, count, beam)
    return {**found, "peak": processes.peak()}


def image_records(folder: Path, count: int) -> dict[str, Any]:
    """What users of TFX do: a loop of their own over the files, then ImportExampleGen."""
    from tfx.components import ImportExampleGen

    records = folder / f"records-{count}"

    def loop() -> Any:
        import tensorflow as tf

        records.mkdir()
        with tf.io.TFRecordWriter(str(records / "images")) as writer:
            for path in sorted((folder / f"images-{count}").glob("*/*.png")):
                data = path.read_bytes()
                tf.io.decode_image(data)  # A file that is none would fail in the training.
                image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[data]))
                label = tf.train.Feature(
                    int64_list=tf.train.Int64List(value=[int(path.parent.name)])
                )
                features = tf.train.Features(feature={"image": image, "label": label})
                writer.write(tf.train.Example(features=features).SerializeToString())
        return ImportExampleGen(str(records))

    found = _timed(folder, loop, BEAM)
    shutil.rmtree(records)
    return found


def windows(folder: Path, count: int, beam: Sequence[str] = BEAM) -> dict[str, Any]:
    """SensorExampleGen."""
    from tfx_updaters.components import SensorExampleGen, Windows

    config = Windows(length=STEPS, stride=STEPS, channels=CHANNELS, label="label", time="time")
    return _timed(
        folder, lambda: SensorExampleGen(str(folder / f"series-{count}"), windows=config), beam
    )


def windows_in_two_processes(folder: Path, count: int) -> dict[str, Any]:
    """The same on two of Beam's workers."""
    return windows(folder, count, TWO)


def windows_on_flink(folder: Path, count: int) -> dict[str, Any]:
    """The same on Flink."""
    with flink.serving(2) as beam:
        found = windows(folder, count, beam)
    return {**found, "peak": processes.peak()}


def rows(folder: Path, count: int) -> dict[str, Any]:
    """TFX's CsvExampleGen on the same files: an example for each row, and no windows."""
    from tfx.components import CsvExampleGen

    return _timed(folder, lambda: CsvExampleGen(str(folder / f"series-{count}")), BEAM)


def _timed(folder: Path, make: Any, beam: Sequence[str]) -> dict[str, Any]:
    """Seconds of a node's executor and of what makes the node, and the most MiB of memory."""
    from tfx.types import standard_artifacts

    place = folder / f"made-{time.monotonic_ns()}"
    place.mkdir()
    examples = standard_artifacts.Examples()
    examples.uri = str(place)
    began = time.perf_counter()
    node = make()
    executor = node.executor_spec.executor_class
    context = executor.Context(beam_pipeline_args=list(beam), tmp_dir=str(place), unique_id="1")
    executor(context).Do({}, {"examples": [examples]}, dict(node.exec_properties))
    seconds = time.perf_counter() - began
    shutil.rmtree(place)
    return {"seconds": seconds, "peak": processes.peak()}
