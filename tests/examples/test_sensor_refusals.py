"""Files that SensorExampleGen refuses: by file, row and column, before it writes an example."""

import gzip
import re
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
from sensor_runs import made, walking, write_csv

from tfx_updaters.components import DataError, Windows
from tfx_updaters.components.examples import sensor_files
from tfx_updaters.components.examples.sensor_counts import Counts, classes
from tfx_updaters.components.examples.sensor_cut import cut
from tfx_updaters.components.examples.sensor_record import examples
from tfx_updaters.components.examples.sensor_series import joined
from tfx_updaters.pipelines.errors import sentence

CONFIG = {
    "length": 20, "stride": 10, "time": "time", "channels": ("x", "y"), "label": "activity",
}  # fmt: skip


@pytest.fixture
def refused(tmp_path):
    """What the node says of the files in `data`; it leaves no example."""

    def run(pattern: str = "*", **changes) -> str:
        with pytest.raises(DataError) as raised:
            made(tmp_path / "data", tmp_path / "out", Windows(**{**CONFIG, **changes}), pattern)
        assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
        said = sentence(raised.value)
        assert said.startswith("DataError: ")
        return said

    return run


def read_whole(folder: Path, windows: Windows) -> None:
    """What the node does before it writes, without Beam, which takes its time."""
    pieces = defaultdict(list)
    for path in sorted(folder.iterdir()):
        for series, piece in sensor_files.read(str(path), path.name, windows):
            pieces[series].append(piece)
    cuts = [cut(joined(name, those), windows) for name, those in pieces.items()]
    classes(Counts.together(Counts.of(each, windows) for each in cuts), windows)


def changed(row: int, column: int, value: str, count: int = 100) -> list:
    """Rows of which one cell is another."""
    rows = [list(each) for each in walking(count)]
    rows[row - 1][column] = value
    return rows


@pytest.mark.parametrize(
    ("rows", "changes", "said"),
    [
        (changed(7, 1, "abc"), {}, "data.csv, row 7, column 'x': 'abc' is no number"),
        (changed(7, 2, "True"), {}, "row 7, column 'y': 'True' is no number"),
        (changed(7, 2, "1,5"), {}, "data.csv cannot be read: row 7: Expected 4 columns, got 5"),
        (changed(8, 2, "inf"), {}, "row 8, column 'y': is infinite"),
        (changed(8, 2, "-Inf"), {"missing": "refuse"}, "row 8, column 'y': is infinite"),
        (changed(9, 1, "NaN"), {"missing": "refuse"}, "row 9, column 'x': has no value, and"),
        (changed(9, 1, ""), {"missing": "refuse"}, "row 9, column 'x': has no value, and"),
        (changed(3, 0, ""), {}, "row 3, column 'time': has no value"),
        (changed(3, 0, "noon"), {}, "row 3, column 'time': 'noon' is no time; .* are numbers"),
        (changed(1, 0, "noon"), {}, "row 1, column 'time': 'noon' is no time; a number or"),
        (changed(3, 0, "inf"), {}, "row 3, column 'time': inf s is more than 292 years"),
        (changed(5, 0, "1714557600000"), {}, "row 5, .*is the unit another one?"),
        (changed(6, 0, "0.4"), {}, "has 1 samples at the time of another: data.csv, row 5, and "
         "data.csv, row 6; .*group"),
        (changed(4, 3, "0.5"), {}, "row 4, column 'activity': 0.5 is no class; a text or"),
        (changed(4, 3, "1"), {"classes": ("rest", "walk")}, "row 4, column 'activity': '1' is "
         "none of the classes; rest, walk are"),
        (changed(4, 3, "wlak"), {"classes": ("rest", "walk")}, "did you mean 'walk'?"),
        (walking(19), {}, "all 1 series are shorter than a window of 20 steps: data.csv"),
        ([], {}, "no rows below their headers"),
        (walking(100, period=80), {}, "classes 'walk' .1. are in eval only, .*train has 'rest'"),
        (walking(100, period=200), {}, "all windows of train are of class 'rest'"),
        (walking(100), {"split": "group"}, "no window for eval: 1 series gave windows: 9 in train"),
        (walking(100), {"eval_share": 0.1}, "no window for eval: .*across the split"),
        (walking(100), {"channels": ("x", "yy")}, "no column 'yy'; did you mean 'y'\\?"),
        (walking(100), {"group": "person"}, "no column 'person'; it has 'time', 'x', 'y', 'act"),
    ],
)  # fmt: skip
def test_a_csv_that_is(rows, changes, said, tmp_path):
    write_csv(tmp_path / "data" / "data.csv", rows)
    with pytest.raises(DataError, match=said):
        read_whole(tmp_path / "data", Windows(**{**CONFIG, **changes}))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("0.0,0.1,0.2,rest", "data.csv has no header: its first line is '0.0,0.1,0.2,rest'"),
        ("time;x;y;activity", "no column 'time'; it has 'time;x;y;activity', and .* commas"),
        ("time,x,x,y,activity", "data.csv has 2 columns 'x'; one is needed"),
        ("", "data.csv is empty, or its first line is"),
    ],
)
def test_a_header_that_is(header, said, tmp_path):
    write_csv(tmp_path / "data" / "data.csv", walking(100), header)
    with pytest.raises(DataError, match=said):
        read_whole(tmp_path / "data", Windows(**CONFIG))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (changed(7, 1, "abc"), "data.csv, row 7, column 'x': 'abc' is no number"),
        (changed(6, 0, "0.4"), "has 1 samples at the time of another"),
        (walking(100, period=80), "classes 'walk' .1. are in eval only"),
        ([], "no rows below their headers"),
    ],
)
def test_the_node_says_so_and_writes_nothing(rows, said, refused, tmp_path):
    """A value, a series, all series together."""
    write_csv(tmp_path / "data" / "data.csv", rows)
    assert re.search(said, refused())


def test_a_row_without_its_series(refused, tmp_path):
    rows = [(*row, "" if number == 41 else "ann") for number, row in enumerate(walking(100))]
    write_csv(tmp_path / "data" / "data.csv", rows, "time,x,y,activity,person")
    assert "row 42, column 'person': is empty" in refused(group="person")


def test_rows_of_a_long_file_are_counted_on(refused, tmp_path, monkeypatch):
    monkeypatch.setattr(sensor_files, "BLOCK", 1 << 16)
    rows = changed(7_001, 1, "abc", count=7_010)
    write_csv(tmp_path / "data" / "data.csv", rows)
    assert "row 7001, column 'x': 'abc'" in refused()
    rows = changed(7_001, 1, "1,5", count=7_010)
    write_csv(tmp_path / "data" / "data.csv", rows)
    assert "row 7001: Expected 4 columns, got 5" in refused()
    rows = changed(7_001, 0, "noon", count=7_010)
    write_csv(tmp_path / "data" / "data.csv", rows)
    assert "row 7001, column 'time': 'noon' is no time" in refused()


def test_two_files_with_the_same_times_of_a_group(refused, tmp_path):
    rows = [(*row, "ann") for row in walking(50)]
    for name in ("a", "b"):
        write_csv(tmp_path / "data" / f"{name}.csv", rows, "time,x,y,activity,person")
    said = refused(group="person")
    assert (
        "series 'ann' has 50 samples at the time of another: a.csv, row 1, and b.csv, row 1" in said
    )


def test_times_that_are_dates_in_one_file_and_numbers_in_another(refused, tmp_path):
    header = "time,x,y,activity,person"
    write_csv(tmp_path / "data" / "a.csv", [(*row, "ann") for row in walking(50)], header)
    date = ("2024-05-01T12:00:00Z", 1, 1, "rest", "ann")
    write_csv(tmp_path / "data" / "b.csv", [date], header)
    assert re.search("numbers in one of a.csv and b.csv and dates", refused(group="person"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"hello", "notes.txt: .csv, .csv.gz, .parquet, .pq are read"),
        ("a.parquet", b"hello", "a.parquet is no Parquet file"),
        ("a.csv", b"time,x\xff\n", "a.csv is not text in UTF-8"),
        (
            "a.csv",
            b"time,x,y,activity\n1,2,3,\xff\xff\n",
            "a.csv cannot be read: .*invalid UTF8 data",
        ),
        ("a.csv", b"", "a.csv is empty"),
        (
            "a.csv.gz",
            gzip.compress(b"time,x\n" * 999, mtime=0)[:20],
            "a.csv.gz is truncated or not compressed with gzip",
        ),
        ("a.csv.gz", b"time,x,y,activity\n", "a.csv.gz is truncated or not compressed with gzip"),
    ],
)
def test_a_file_that_lies(name, content, said, refused, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(content)
    assert re.search(said, refused())


def test_folders_and_no_files(refused, tmp_path):
    write_csv(tmp_path / "data" / "monday" / "a.csv", walking(100))
    assert "data/monday is a folder; '*/*.csv' as the pattern" in refused()
    assert "no file matches '*.csv' in" in refused("*.csv")


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"x": ["a"] * 9}, "a.parquet, column 'x' is of type string; numbers are needed"),
        ({"x": [True] * 9}, "column 'x' is of type bool; numbers are needed"),
        ({"activity": [0.5] * 9}, "row 1, column 'activity': 0.5 is no class"),
        ({"x": [1.0] * 8 + [float("inf")]}, "row 9, column 'x': is infinite"),
    ],
)
def test_a_parquet_column_of_another_type(column, said, tmp_path):
    (tmp_path / "data").mkdir()
    numbers = list(map(float, range(9)))
    frame = pd.DataFrame({"time": numbers, "x": numbers, "y": numbers, "activity": 9 * ["a"]})
    frame.assign(**column).to_parquet(tmp_path / "data" / "a.parquet")
    with pytest.raises(DataError, match=said):
        read_whole(tmp_path / "data", Windows(**CONFIG))


def test_a_file_that_has_another_class_the_second_time_it_is_read_is_refused(tmp_path):
    write_csv(tmp_path / "data.csv", walking(100))
    windows = Windows(**CONFIG)
    pieces = [piece for _, piece in sensor_files.read(str(tmp_path / "data.csv"), "1", windows)]
    cuts = cut(joined("1", pieces), windows)
    assert len(list(examples(cuts, windows, cuts.names))) == len(cuts.starts)
    with pytest.raises(DataError, match=r"series '1' was changed .* class"):
        list(examples(cuts, windows, ("other", "another")))
