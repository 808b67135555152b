"""On each runner folders of images and of series become the examples that they do in memory."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dataflow_service
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image
from tfx.types import standard_artifacts

from tfx_updaters.components import ImageFolderExampleGen, SensorExampleGen, Windows
from tfx_updaters.pipelines import beam

BESIDE = ("images.json", "skipped.jsonl", "copies.jsonl", "windows.json")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A node for 90 images of noise in two classes, of which ten are there twice."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for number in range(90):
        place = folder / "ab"[number % 2]
        place.mkdir(exist_ok=True)
        picture = Image.fromarray(rng.integers(256, size=(28, 28), dtype=np.uint8))
        picture.save(place / f"{number}.png")
        if number < 10:
            picture.save(place / f"copy-{number}.bmp")
    return ImageFolderExampleGen(str(folder))


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A node for twenty series of two channels."""
    folder = tmp_path_factory.mktemp("series")
    rng = np.random.default_rng(0)
    for number in range(20):
        values = pd.DataFrame(rng.normal(size=(160, 2)).round(4), columns=["x", "y"])
        values.insert(0, "time", np.arange(160))
        values["label"] = "ab"[number % 2]
        values.to_csv(folder / f"{number}.csv", index=False)
    windows = Windows(length=16, stride=16, channels=("x", "y"), label="label", time="time")
    return SensorExampleGen(str(folder), windows=windows)


def examples(node: Any, place: Path, arguments: Iterable[str]) -> tuple[Any, Any]:
    """The examples of each split in any order, and the files beside them, of a node's executor."""
    place.mkdir()
    artifact = standard_artifacts.Examples()
    artifact.uri = str(place)
    executor = node.executor_spec.executor_class
    context = executor.Context(
        beam_pipeline_args=list(arguments), tmp_dir=str(place), unique_id="1"
    )
    executor(context).Do({}, {"examples": [artifact]}, dict(node.exec_properties))
    records = {
        split.name: sorted(
            in_order(record) for record in tf.data.TFRecordDataset(paths(split), "GZIP")
        )
        for split in place.glob("Split-*")
    }  # fmt: skip
    return records, {name: (place / name).read_text() for name in BESIDE if (place / name).exists()}


def in_order(record: Any) -> bytes:
    """With its features in the order of their names, which otherwise a process chooses."""
    return tf.train.Example.FromString(record.numpy()).SerializeToString(deterministic=True)


def paths(folder: Path) -> list[str]:
    return [str(path) for path in folder.iterdir()]


def check(node: Any, folder: Path, runner: str, options: Iterable[str]) -> None:
    here = examples(node, folder / "here", beam.arguments("in_memory"))
    assert set(here[0]) == {"Split-train", "Split-eval"} and all(here[0].values()) and here[1]
    assert examples(node, folder / "there", beam.arguments(runner, options)) == here


@pytest.mark.parametrize("kind", ["images", "series"])
def test_on_a_job_server(tmp_path, there, kind, request):
    check(request.getfixturevalue(kind), tmp_path, *there)


@pytest.mark.parametrize("kind", ["images", "series"])
def test_as_dataflow_is_sent_it(tmp_path, kind, request):
    with dataflow_service.serving() as jobs:
        check(request.getfixturevalue(kind), tmp_path, "dataflow", dataflow_service.OPTIONS)
    assert len(jobs) == 1
