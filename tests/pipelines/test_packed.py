"""`--data` with a folder that Hugging Face `datasets` or `tensorflow_datasets` wrote."""

import json
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tfx_updaters.components import DataError
from tfx_updaters.components.examples import packed, records
from tfx_updaters.pipelines.cli.main import main
from tfx_updaters.pipelines.data import IMAGES, Source, describe

# Made by the libraries themselves: tests/examples/pack.py.
ARCHIVE = Path(__file__).parents[1] / "examples/packed.zip"
CLASSES = ["day ä", "dusk-dawn", "night"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(tmp_path / "packed")
    return tmp_path / "packed"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("splits", packed.HUGGING_FACE), ("tfds/skies/1.0.0", packed.TFDS)],
)
def test_the_images_come_out_with_their_classes_and_splits(name, kind, folder, tmp_path):
    source = Source(str(folder / name))
    assert source.kind() == kind
    here = source.here(tmp_path / "root")
    assert here.kind() == IMAGES and here.name == source.name
    paths = sorted(path.relative_to(here.folder) for path in here.folder.rglob("*.png"))
    assert Counter(path.parts[:2] for path in paths) == {
        (split, label): count for split, count in (("train", 8), ("test", 3)) for label in CLASSES
    }
    means = {
        label: np.mean([np.asarray(Image.open(each)).mean() for each in of.glob("*.png")])
        for label in CLASSES
        for of in [here.folder / "train" / label]
    }
    assert means["night"] < 60 < means["day ä"] < 120 < means["dusk-dawn"]
    found = records.inspect(here.prepare(tmp_path / "root"))
    assert found.shape == (10, 12, 1) and found.classes == 3
    assert describe(here, found).startswith("images: 3 classes; ")


def test_one_split_is_split_by_content_and_unpacked_once(folder, tmp_path):
    source = Source(str(folder / "single"))
    first = source.here(tmp_path / "root").folder
    assert sorted(path.name for path in first.iterdir()) == CLASSES
    times = {path: path.stat().st_mtime_ns for path in first.rglob("*")}
    assert source.here(tmp_path / "root").folder == first
    assert {path: path.stat().st_mtime_ns for path in first.rglob("*")} == times


def test_the_command_shows_what_a_folder_holds(folder):
    shown = CliRunner().invoke(main, ["data", str(folder / "splits")])
    assert shown.exit_code == 0, shown.output
    assert f"{IMAGES} in {folder / 'splits'}" in shown.output and "dusk-dawn" in shown.output


def broken(folder: Path, name: str) -> Path:
    """A copy of one of them that has a fault of that name."""
    if name == "no class":
        return folder / "unlabelled"
    if name in ("cut", "no state"):
        path = folder / "single"
        if name == "cut":
            data = next(path.glob("*.arrow"))
            data.write_bytes(data.read_bytes()[:3000])
        else:
            (path / "state.json").write_text("{}")
        return path
    path = folder / "tfds/skies/1.0.0"
    info = json.loads((path / "dataset_info.json").read_text())
    if name == "no split":
        info["splits"] = info["splits"][2:]
    elif name == "another format":
        info["fileFormat"] = "array_record"
    elif name == "cut records":
        data = next(path.glob("*-train*"))
        data.write_bytes(data.read_bytes()[:3000])
    elif name == "same name":
        (path / "label.labels.txt").write_text("a/b\na-b\nc\n")
    (path / "dataset_info.json").write_text(json.dumps(info))
    return path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no class", r"features are image \(Image\), label \(Value\), note .*a class label"),
        ("cut", r"single/.*\.arrow is damaged"),
        ("no state", r"is a damaged Hugging Face data set: KeyError\('_data_files'\)"),
        ("no split", r"the splits are extra; train, eval, .* are allowed"),
        ("another format", r"is written as array_record; tfrecord is read"),
        ("cut records", r"skies-train.tfrecord-00000-of-00001 is damaged"),
        ("same name", r"classes have the same name: a/b, a-b, c"),
    ],
)
def test_what_cannot_be_used_is_refused_and_leaves_nothing(name, said, folder, tmp_path):
    source = Source(str(broken(folder, name)))
    with pytest.raises(DataError, match=said):
        source.kind()
        source.here(tmp_path / "root")
    assert not list((tmp_path / "root").rglob("*.png"))


def test_a_label_that_is_no_class_is_refused(folder, tmp_path):
    shutil.copy(folder / "splits/train/data-00000-of-00001.arrow", folder / "single")
    info = json.loads((folder / "single/dataset_info.json").read_text())
    info["features"]["label"]["names"] = ["one", "two"]
    (folder / "single/dataset_info.json").write_text(json.dumps(info))
    with pytest.raises(DataError, match=r"example 2: its label is 2; there are 2 classes"):
        Source(str(folder / "single")).here(tmp_path)
