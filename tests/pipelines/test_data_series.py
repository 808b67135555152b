"""`--data` and `tfx-updaters data` with sensor series: found, cut, shown, trained on, refused."""

import json
import re
import sys
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tfx_updaters.components import DataError
from tfx_updaters.components.examples import archive, arrays, named, records
from tfx_updaters.components.examples.sensor_settings import parsed
from tfx_updaters.components.study import spans
from tfx_updaters.pipelines.data import IMAGES, RECORDS, SERIES, Source, describe

WORDS = ("length=16", "stride=4", "label=activity", "time=time", "label_by=majority")
OPTIONS = tuple(word for each in WORDS for word in ("--window", each))


def frame(count: int = 800, seed: int = 0) -> pd.DataFrame:
    """Readings of an accelerometer: `walk` swings, `rest` does not, in turn of 40."""
    rng = np.random.default_rng(seed)
    at = np.arange(count)
    moving = at // 40 % 2
    return pd.DataFrame({
        "time": at / 10,
        "x": np.sin(at) * moving + rng.normal(0, 0.1, count),
        "y": 10 + np.cos(at) * moving + rng.normal(0, 0.1, count),
        "activity": np.where(moving, "walk", "rest"),
    })  # fmt: skip


@pytest.fixture
def walks(tmp_path) -> Path:
    """A folder with a file for each of three persons, and one that is too short."""
    folder = tmp_path / "My Walks"
    (folder / "new ä").mkdir(parents=True)
    for seed, name in enumerate(("one.csv", "two.csv.gz", "new ä/three.parquet")):
        path = folder / name
        table = frame(seed=seed)
        table.to_parquet(path) if name.endswith("parquet") else table.to_csv(path, index=False)
    frame(9).to_csv(folder / "short.csv", index=False)
    return folder


def source(path: Path, *words: str) -> Source:
    return Source(str(path), windows=parsed(words or WORDS))


def test_series_are_cut_into_records_once(walks, tmp_path):
    asked = source(walks)
    assert asked.kind() == SERIES
    folder = asked.prepare(tmp_path / "root")
    assert re.fullmatch(r"my-walks-[0-9a-f]{12}", folder.name)
    found = records.inspect(folder)
    assert (found.shape, found.classes, found.feature) == ((16, 2), 2, "window")
    assert source(walks, *WORDS, "every=0.2").prepare(tmp_path / "root") != folder
    assert asked.prepare(tmp_path / "root") == folder
    frame(700).to_csv(walks / "one.csv", index=False)
    assert asked.prepare(tmp_path / "root") != folder
    assert re.fullmatch(
        r"series: 2 classes; \d+ in train, \d+ in eval; 16 x 2; 4 series with x, y; 9 windows "
        r"dropped \(across the split\); 1 series shorter than a window",
        describe(asked, found),
    ), describe(asked, found)


def test_records_of_windows_are_taken_as_they_are(walks, tmp_path):
    folder = source(walks).prepare(tmp_path / "root")
    assert Source(str(folder)).kind() == RECORDS
    assert describe(Source(str(folder)), records.inspect(folder)).startswith("TFRecords: 2 cl")


def test_each_channel_is_scaled_by_the_train_split_alone(walks, tmp_path):
    loaded = arrays.load(records.inspect(source(walks).prepare(tmp_path)))
    windows = loaded["train"]["window"]
    assert windows.shape[1:] == (16, 2)
    np.testing.assert_allclose(windows.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(windows.std(axis=(0, 1)), 1, atol=1e-5)
    assert abs(loaded["eval"]["window"].std() - 1) > 1e-4


def test_persons_are_told_apart_by_a_column(tmp_path):
    persons = [frame(200, seed).assign(person=f"person{seed}") for seed in range(8)]
    pd.concat(persons).to_parquet(tmp_path / "all.parquet")
    asked = source(
        tmp_path / "all.parquet", *WORDS, "group=person", "split=group", "eval_share=0.5"
    )
    folder = asked.prepare(tmp_path / "root")  # The index, 0 to 199 eight times, is no channel.
    counts = json.loads((folder / "windows.json").read_text())
    assert counts["series"] == 8 and counts["channels"] == ["x", "y"]
    assert counts["dropped"] == {}, "no series lies on both sides"


def test_a_time_that_is_pandas_index_is_a_column_as_any(tmp_path):
    frame().set_index("time").to_parquet(tmp_path / "x.parquet")
    frame().to_parquet(tmp_path / "y.parquet")
    folders = [source(tmp_path / f"{name}.parquet").prepare(tmp_path) for name in "xy"]
    x, y = (arrays.load(records.inspect(folder))["train"]["window"] for folder in folders)
    np.testing.assert_array_equal(x, y)


def test_what_decides_what_a_folder_holds(walks, tmp_path, digits):
    assert source(walks / "one.csv").kind() == SERIES
    for name in ("train", "eval"):
        (tmp_path / "named").mkdir(exist_ok=True)
        frame().to_csv(tmp_path / "named" / f"{name}.csv", index=False)
    assert source(tmp_path / "named").kind() == SERIES
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "photos" / "cat" / "1.png").touch()
    frame().to_csv(tmp_path / "photos" / "list.csv", index=False)
    assert Source(str(tmp_path / "photos")).kind() == IMAGES
    for other in (tmp_path / "photos", digits, "digits"):
        with pytest.raises(DataError, match="--window is for series"):
            source(other).kind()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "columns time, x, y, activity; .* --window length=... --window label=..."),
        (("length=16",), "--window label=... is needed"),
        ((*WORDS[:2], "label=activty"), "no column 'activty'; did you mean 'activity'"),
        ((*WORDS, "group=persn"), "no column 'persn'"),
        ((*WORDS, "channels=x,z"), r"no column 'z'; it has 'time', 'x'"),
        (WORDS[:3], "'time' rises from each row to the next, .* --window time=time"),
    ],
)
def test_columns_are_checked_before_anything_is_loaded(walks, words, expected):
    with pytest.raises(DataError, match=expected):
        Source(str(walks), windows=parsed(words)).kind()


def without_header(path: Path) -> None:
    frame().to_csv(path, index=False, header=False)


def with_text(path: Path) -> None:
    table = frame().astype({"y": object})
    table.loc[4, "y"] = "much"
    table.to_csv(path, index=False)


def with_index(path: Path) -> None:
    frame().to_csv(path)


def of_one_class(path: Path) -> None:
    frame().assign(activity="rest").to_csv(path, index=False)


def shorter(path: Path) -> None:
    frame(9).to_csv(path, index=False)


def twice(path: Path) -> None:
    pd.concat([frame(), frame()]).to_csv(path, index=False)


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (without_header, r"x\.csv has no header: its first line is '0\.0,"),
        (with_text, r"x\.csv, row 5, column 'y': 'much' is no number"),
        (with_index, "a column without a name, .*--window channels=A,B"),
        (of_one_class, "train are of class 'rest'"),
        (shorter, "all 1 series are shorter than a window of 16 steps: x.csv"),
        (twice, r"at the time of another: .*\(group\)"),
    ],
)
def test_files_that_cannot_be_used_say_why(tmp_path, write, expected):
    write(tmp_path / "x.csv")
    with pytest.raises(DataError, match=expected):
        source(tmp_path / "x.csv").prepare(tmp_path / "root")
    assert not list(tmp_path.glob("root/data/*"))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("length", "--window received 'length'; NAME=VALUE"),
        ("length=0", "--window length: received 0; 1 or more"),
        ("length=many", "--window length: received 'many'"),
        ("strid=4", "did you mean 'stride'"),
        ("missing=fill", "drop, interpolate, refuse"),
        ("time=activity", "'activity' for two purposes"),
    ],
)
@pytest.mark.parametrize("program", [("data", "x"), ("run", "--data", "x")])
def test_wrong_settings_exit_with_2(command, program, word, expected):
    result = command(*program, "--window", "label=activity", "--window", word)
    assert result.returncode == 2, result
    assert expected in result.stderr


def test_data_shows_windows_and_what_is_left_out(command, walks, tmp_path):
    (walks / "<b>.txt").touch()
    (walks / "loop").symlink_to(walks)
    result = command("data", "My Walks", *OPTIONS, "--page", "page.html")
    assert result.returncode == 1, result
    for text in ("windows of 16 steps x 2 channels (x, y), one every 4 steps",
                 "4 series; 2,409 samples, 0 with missing values, 0 out of order",
                 "windows dropped: 9 across the split",
                 "skipped short.csv: shorter than a window of 16 steps",
                 "skipped loop: a link to a folder"):  # fmt: skip
        assert text in result.stdout, (text, result.stdout)
    assert re.search(r"^walk +\d+ +\d+ +\d+", result.stdout, re.M)
    assert "2 files cannot be used, 0 may be skipped" in result.stderr
    page = (tmp_path / "page.html").read_text()
    pictures = ElementTree.fromstring(page.replace("<!DOCTYPE html>", "")).findall(".//img")
    assert len(pictures) == 16
    assert "<b>.txt" not in page and "://" not in page

    allowed = command("data", "My Walks", *OPTIONS, "--max-skipped", 2)
    assert (allowed.returncode, allowed.stderr) == (0, ""), allowed


def test_mnist1d_is_windows_by_name(command, tmp_path):
    found = records.inspect(Source("mnist1d").prepare(tmp_path / "root"))
    assert (found.counts, found.classes) == ({"train": 4000, "eval": 1000}, 10)
    assert describe(Source("mnist1d"), found).endswith("1,000 in eval; 40 x 1")
    loaded = arrays.load(found)["train"]["window"]
    assert loaded.shape == (4000, 40, 1) and abs(loaded.std() - 1) < 1e-5
    shown = command("data", "mnist1d", "--page", "page.html")
    assert shown.returncode == 0 and "windows of 40 x 1" in shown.stdout, shown
    assert (tmp_path / "page.html").read_text().count("<img") == 80


@pytest.mark.parametrize(
    ("name", "train", "held_out", "shape", "classes"),
    [
        ("gunpoint", 50, 150, (150, 1), 2),
        ("basic-motions", 40, 40, (100, 6), 4),
        ("italy-power", 67, 1029, (24, 1), 2),
        ("arrowhead", 36, 175, (251, 1), 3),
        ("osuleaf", 200, 242, (427, 1), 6),
        ("acsf1", 100, 100, (1460, 1), 10),
    ],
)
def test_series_of_the_archives_are_those_of_their_files(
    name, train, held_out, shape, classes, tmp_path
):
    """Read here line by line: channels between colons, then the class."""
    found = records.inspect(Source(name).prepare(tmp_path))
    assert found.counts == {"train": train, "eval": held_out}
    assert (found.shape, found.classes, found.feature) == (shape, classes, "window")
    problem, names = archive.SETS[name].problem, found.summary()["classes"]
    folder = resources.files("sktime") / "datasets" / "data" / problem
    for split, part in (("train", "TRAIN"), ("eval", "TEST")):
        text = (folder / f"{problem}_{part}.ts").read_text()
        lines = text[text.lower().index("@data") :].split("\n")[1:]
        records_of = records.read(found.folder / f"{split}.tfrecord.gz")
        for record, line in zip(records_of, filter(None, lines), strict=True):
            *channels, label = line.strip().lower().split(":")
            values = np.array([channel.split(",") for channel in channels], np.float32).T
            features = tf.train.Example.FromString(record).features.feature
            np.testing.assert_array_equal(
                np.float32(features["window"].float_list.value).reshape(shape), values
            )
            assert names[features["label"].int64_list.value[0]] == label


def test_series_without_their_package_name_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sktime.datasets", None)
    with pytest.raises(DataError, match="gunpoint comes with the package sktime, which"):
        Source("gunpoint").prepare(tmp_path)


def test_series_of_the_archive_are_trained_on(command, tmp_path):
    result = command(
        "run", "--data", "gunpoint", "--updater", "adamw", "--epochs", 30, "--batch-size", 8
    )
    assert result.returncode in (0, 3), result  # Whether the gate lets it pass is another matter.
    accuracy = re.search(r"eval accuracy (\d(\.\d+)?)", result.stdout)
    assert accuracy and float(accuracy[1]) > 0.75, result


def test_data_shows_imbalance_gaps_and_missing_values(command, tmp_path):
    table = frame(4000)
    table.loc[table.index // 40 % 8 != 1, "activity"] = "rest"
    table.loc[100, "x"] = np.nan
    table.drop(index=range(200, 220)).to_csv(tmp_path / "x.csv", index=False)
    result = command("data", "x.csv", *OPTIONS)
    assert result.returncode == 0, result
    assert re.search(r"rest has \d\.\d times as many as walk", result.stdout)
    assert re.search(r"dropped: \d+ across the split, \d gap, \d missing values", result.stdout)
    assert "1 with missing values" in result.stdout


def test_series_are_trained_on_judged_and_compared(command, walks):
    result = command("run", "--data", "My Walks", *OPTIONS, "--updater", "adamw")
    assert result.returncode == 0, result
    assert re.search(r"^  series: 2 classes; .*; 16 x 2; 4 series with x, y", result.stdout, re.M)
    (pushed,) = command.folder.glob("runs/pushed/my-walks-*/*")
    (made,) = command.folder.glob("runs/data/my-walks-*")
    predicted = command("predict", pushed, "--data", made)
    assert predicted.returncode == 0 and len(predicted.stdout.splitlines()) == 6, predicted

    study = command("compare", "--data", "My Walks", *OPTIONS, "--updaters", "sgd,momentum",
                    "--seeds", 2, "--rates", 0, "--epochs", 1)  # fmt: skip
    assert study.returncode == 0, study
    plan = json.loads(next(command.folder.glob("study/*.json")).read_text())
    assert "trainer.cnn.window" in json.dumps(plan)


def test_it_is_known_where_windows_lie(walks, tmp_path):
    found = arrays.spans(records.inspect(source(walks).prepare(tmp_path)))
    assert found is not None
    assert len(set(found[:, 0])) == 3
    assert set(found[:, 2] - found[:, 1]) == {15 * 10**8}
    assert spans.overlap(found)
    apart = source(walks, "length=16", *WORDS[2:]).prepare(tmp_path)
    found = arrays.spans(records.inspect(apart))
    assert found is not None and not spans.overlap(found)


def test_it_is_not_known_where_windows_of_others_lie(tmp_path):
    assert arrays.spans(records.inspect(named.write("digits", tmp_path / "digits"))) is None
