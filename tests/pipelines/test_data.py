"""`--data` and `tfx-updaters data`: images, TFRecords and names; found, converted, refused."""

import gzip
import json
import os
import re
import shutil
import struct
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tfx_updaters.components import DataError, ImageConfig
from tfx_updaters.components.examples import arrays, named, records
from tfx_updaters.pipelines.data import IMAGES, RECORDS, Source, describe
from tfx_updaters.pipelines.found import in_images

SIZED = ImageConfig(size=(8, 8))


def write_images(folder: Path, count: int = 60, size=(10, 12)) -> Path:
    """Dark ones of `night` and bright ones of `day ä`, each with its own noise."""
    rng = np.random.default_rng(0)
    for name, level in (("night", 60), ("day ä", 190)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = level + rng.integers(-50, 50, size)
            Image.fromarray(pixels.astype("uint8")).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def images(tmp_path) -> Path:
    return write_images(tmp_path / "My Images")


def test_a_folder_of_images_is_made_into_records_once(images, tmp_path):
    source = Source(str(images))
    assert source.kind() == IMAGES
    folder = source.prepare(tmp_path / "root")
    assert re.fullmatch(r"my-images-[0-9a-f]{12}", folder.name)
    found = records.inspect(folder)
    assert (found.shape, found.classes, sum(found.counts.values())) == ((10, 12, 1), 2, 120)
    loaded = arrays.load(found)["train"]
    means = [loaded["image"][loaded["label"] == label].mean() for label in (0, 1)]
    assert means[0] > means[1], "day comes before night"
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert source.prepare(tmp_path / "root") == folder
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert not list((tmp_path / "root" / "data").glob(".partial*"))


@pytest.mark.parametrize("change", ["added", "removed", "changed", "config"])
def test_images_that_changed_are_made_into_records_anew(images, tmp_path, change):
    first = Source(str(images)).prepare(tmp_path)
    config = ImageConfig()
    if change == "added":
        shutil.copy(images / "night" / "0.png", images / "night" / "copy.png")
    elif change == "removed":
        (images / "night" / "0.png").unlink()
    elif change == "changed":
        os.utime(images / "night" / "0.png", (1, 1))
    else:
        config = SIZED
    assert Source(str(images), config).prepare(tmp_path) != first


def test_a_folder_that_cannot_be_used_leaves_nothing(images, tmp_path):
    (images / "night" / "0.png").write_text("no image")
    with pytest.raises(DataError, match=r"night/0\.png: no PNG"):
        Source(str(images)).prepare(tmp_path / "root")
    assert not list(tmp_path.glob("root/data/*"))


def test_what_was_found_is_said(images, tmp_path):
    (images / "night" / "0.png").write_text("no image")
    shutil.copy(images / "night" / "1.png", images / "night" / "copy.png")
    source = Source(str(images), ImageConfig(max_skipped=1))
    text = describe(source, records.inspect(source.prepare(tmp_path)))
    assert re.fullmatch(
        r"images: 2 classes; \d+ in train, \d+ in eval; 10 x 12 x 1; 1 skipped; "
        r"1 groups of near-copies, each in one split",
        text,
    ), text


def test_records_stay_where_they_are(digits, tmp_path):
    source = Source(str(digits))
    assert source.kind() == RECORDS
    assert source.prepare(tmp_path) == digits
    assert not list(tmp_path.iterdir())
    with pytest.raises(DataError, match="holds TFRecords"):
        Source(str(digits), SIZED).kind()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("digit", "did you mean 'digits'"),
        ("fashion_mnist", "did you mean 'fashion-mnist'"),
        ("./digit", "does not exist"),
        ("nowhere", "nowhere does not exist"),
    ],
)
def test_a_name_that_is_none_is_refused_with_the_nearest(text, expected):
    with pytest.raises(DataError, match=expected):
        Source(text).kind()


def test_each_folder_has_a_pipeline_of_its_own(tmp_path):
    assert Source("digits").name == "digits"
    names = {Source(str(tmp_path / part / "x")).name for part in "ab"}
    assert len(names) == 2 and all(name.startswith("x-") for name in names)


@pytest.mark.parametrize(
    ("name", "examples", "shape"),
    [("digits", (1438, 359), (8, 8, 1)), ("mnist5k", (4000, 1000), (28, 28, 1))],
)
def test_a_name_is_a_data_set_of_ten_classes(tmp_path, name, examples, shape):
    found = records.inspect(Source(name).prepare(tmp_path))
    assert (found.counts["train"], found.counts["eval"]) == examples
    assert (found.shape, found.classes) == (shape, 10)


def idx(path: Path, values: np.ndarray) -> None:
    """An IDX file of bytes, as its page at LeCun's describes it."""
    head = struct.pack(f">BBBB{values.ndim}i", 0, 0, 8, values.ndim, *values.shape)
    path.write_bytes(gzip.compress(head + values.astype("uint8").tobytes()))


def test_fashion_mnist_is_read_from_debians_package(tmp_path, monkeypatch):
    monkeypatch.setattr(named, "FASHION", tmp_path)
    with pytest.raises(DataError, match="apt-get install dataset-fashion-mnist"):
        named.write("fashion-mnist", tmp_path / "out")
    pixels = np.arange(3 * 28 * 28).reshape(3, 28, 28) % 256
    for name, rows in (("train", slice(0, 3)), ("t10k", slice(0, 2))):
        idx(tmp_path / f"{name}-images-idx3-ubyte.gz", pixels[rows])
        idx(tmp_path / f"{name}-labels-idx1-ubyte.gz", np.array([1, 0, 9])[rows])
    found = records.inspect(named.write("fashion-mnist", tmp_path / "out"))
    assert found.counts == {"train": 3, "eval": 2} and found.classes == 10
    loaded = arrays.load(found)
    np.testing.assert_allclose(loaded["train"]["image"][..., 0] * 255, pixels, atol=1e-4)
    assert loaded["eval"]["label"].tolist() == [1, 0]


def test_images_are_trained_on_judged_and_compared(command):
    """Two classes that differ in brightness: a model is pushed, and a study ends."""
    images = write_images(command.folder / "My Images", 200)
    (images / "day ä" / "text.png").write_text("no image")
    asked = ("--data", "My Images", "--image-size", "8x8", "--max-skipped", 1)
    result = command("run", *asked, "--epochs", 10, "--updater", "adamw")
    assert result.returncode == 0, result
    assert re.search(r"^  images: 2 classes; .*; 8 x 8 x 1; 1 skipped$", result.stdout, re.M)
    assert list(command.folder.glob("runs/pushed/my-images-*/*/saved_model.pb"))
    (made,) = command.folder.glob("runs/data/my-images-*")
    assert "text.png" in (made / "skipped.jsonl").read_text()

    study = command("compare", *asked, "--updaters", "sgd,momentum", "--seeds", 2, "--rates", 0,
                    "--epochs", 1)  # fmt: skip
    assert study.returncode == 0, study
    assert re.search(r"^images: 2 classes; .*; 8 x 8 x 1; 1 skipped$", study.stdout, re.M)


@pytest.mark.parametrize("program", [("run",), ("compare", "--updaters", "sgd,momentum")])
def test_images_of_several_sizes_need_one(command, images, program):
    write_images(images / "more", 1, (6, 6))
    for name in ("night", "day ä"):
        shutil.move(images / "more" / name / "0.png", images / name / "small.png")
    shutil.rmtree(images / "more")
    result = command(*program, "--data", "My Images")
    assert result.returncode == 1, result
    assert "10x12 (120), 6x6 (2)" in result.stderr and "--image-size" in result.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--image-size", "28"], "28x28"),
        (["--image-size", "0x8"], "0x8"),
        (["--image-size", "99999x8"], "16384"),
        (["--image-labels", "../l.csv"], "inside of the folder"),
        (["--image-resize", "crp"], "crop"),
        (["--max-skipped", "-1"], "max-skipped"),
    ],
)
@pytest.mark.parametrize("program", ["run", "data"])
def test_wrong_options_exit_with_2(command, program, options, expected):
    where = ["--data", "x"] if program == "run" else ["x"]
    result = command(program, *where, *options)
    assert result.returncode == 2, result
    assert expected in result.stderr


def test_data_shows_what_there_is_and_what_is_wrong(command, images, tmp_path):
    (images / "night" / "0.png").write_text("no image")
    (images / "night" / "<b>.txt").write_text("no image")
    shutil.copy(images / "night" / "1.png", images / "day ä" / "wrong.png")
    result = command("data", "My Images", "--page", "page.html")
    assert result.returncode == 1, result
    for text in ("day ä", "10 x 12 (120) grey", "skipped night/0.png: no PNG",
                 "skipped night/<b>.txt: not one of", "1 groups of near-copies, 2 files",
                 "different labels: day ä/wrong.png, night/1.png"):  # fmt: skip
        assert text in result.stdout, (text, result.stdout)
    assert "2 files cannot be used, 0 may be skipped" in result.stderr
    page = (tmp_path / "page.html").read_text()
    tree = ElementTree.fromstring(page.replace("<!DOCTYPE html>", ""))
    pictures = tree.findall(".//img")
    assert len(pictures) == 16
    assert all(each.get("src").startswith("data:image/png;base64,") for each in pictures)
    assert "<b>.txt" not in page and "://" not in page

    allowed = command("data", "My Images", "--max-skipped", 2)
    assert (allowed.returncode, allowed.stderr) == (0, ""), allowed
    assert not (tmp_path / "runs").exists()


def test_data_shows_imbalance(command, images):
    for number in range(45):
        (images / "night" / f"{number}.png").unlink()
    result = command("data", "My Images")
    assert result.returncode == 0, result
    assert "day ä has 4.0 times as many as night" in result.stdout


def test_data_shows_records_and_names(command, digits):
    for what in (digits, "digits"):
        result = command("data", what, "--page", "page.html")
        assert (result.returncode, result.stderr) == (0, ""), result
        assert re.search(r"^all +1,438 +359 +1,797", result.stdout, re.M)
    assert (command.folder / "page.html").read_text().count("<img") == 80
    assert [path.name for path in command.folder.iterdir()] == ["page.html"]


def test_what_is_shown_is_what_is_converted(images, tmp_path):
    found = in_images(images, ImageConfig())
    folder = Source(str(images)).prepare(tmp_path)
    assert json.loads((folder / records.SUMMARY).read_text())["counts"] == found.counts
