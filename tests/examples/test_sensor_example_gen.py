"""What SensorExampleGen writes: examples, properties and counts, whatever the files look like."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from sensor_runs import made, walking, write_csv
from tfx.proto import example_gen_pb2

from tfx_updaters.components import ArgumentError, SensorExampleGen, Windows

CONFIG = {
    "length": 20, "stride": 10, "time": "time", "channels": ("x", "y"), "label": "activity",
}  # fmt: skip
WALKERS = "time,x,y,activity,person"


def test_windows_hold_the_values_of_the_file(tmp_path):
    rows = walking(400)
    write_csv(tmp_path / "data" / "ann.csv", rows)
    found = made(tmp_path / "data", tmp_path / "out", Windows(**CONFIG))
    numbers = np.array([row[1:3] for row in rows], np.float32)
    for split, starts in (("train", range(0, 301, 10)), ("eval", range(320, 381, 10))):
        assert [e["start"] for e in found.examples[split]] == [k * 10**8 for k in starts]
        for start, example in zip(starts, found.examples[split], strict=True):
            np.testing.assert_array_equal(
                example["window"].reshape(20, 2), numbers[start : start + 20]
            )
            assert example["group"] == "ann.csv"
            assert ("rest", "walk")[example["label"]] == rows[start + 19][3]


def test_the_artifact_says_what_a_window_is(tmp_path):
    write_csv(tmp_path / "data" / "ann.csv", walking(400))
    found = made(tmp_path / "data", tmp_path / "out", Windows(**CONFIG))
    said = {
        name: json.loads(found.artifact.get_string_custom_property(name))
        for name in ("window_shape", "channels", "classes")
    }
    assert said == {"window_shape": [20, 2], "channels": ["x", "y"], "classes": ["rest", "walk"]}


def test_the_counts_are_those_of_the_examples(tmp_path):
    rows = walking(400)
    rows[50] = (rows[50][0], "", *rows[50][2:])
    rows[100], rows[101] = rows[101], rows[100]
    write_csv(tmp_path / "data" / "ann.csv", rows)
    write_csv(tmp_path / "data" / "bob.csv", walking(12))
    found = made(tmp_path / "data", tmp_path / "out", Windows(**CONFIG))
    for split in ("train", "eval"):
        by = np.bincount(found.labels(split), minlength=2)
        assert found.counts["windows"][split] == {"rest": by[0], "walk": by[1]}
    kept = sum(sum(by.values()) for by in found.counts["windows"].values())
    assert kept + sum(found.counts["dropped"].values()) == (399 - 20) // 10 + 1
    assert found.counts["dropped"] == {"across the split": 2, "missing values": 1}
    assert found.counts["series"] == 2
    assert found.counts["series_too_short"] == {"count": 1, "names": ["bob.csv"]}
    assert found.counts["samples"] == 412
    assert found.counts["samples_with_missing_values"] == 1
    assert found.counts["samples_out_of_order"] == 1


def test_a_group_may_lie_in_several_files_and_a_file_have_several_groups(tmp_path):
    """In any order of files and rows the windows are those of a file for each person."""
    config = Windows(**CONFIG, group="person")
    people = {name: walking(300, seed) for seed, name in enumerate(("ann", "bob", "cid"))}
    every = [(*row, name) for name, rows in people.items() for row in rows]
    order = np.random.default_rng(0).permutation(len(every))
    for number, part in enumerate(np.array_split(order, 4)):
        write_csv(tmp_path / "mixed" / f"{number}.csv", [every[place] for place in part], WALKERS)
    for name, rows in people.items():
        write_csv(tmp_path / "apart" / name / "all.csv", [(*row, name) for row in rows], WALKERS)
    mixed = made(tmp_path / "mixed", tmp_path / "out1", config)
    apart = made(tmp_path / "apart", tmp_path / "out2", config, "*/*.csv")
    assert mixed.counts["windows"] == apart.counts["windows"]
    assert (mixed.counts["samples_out_of_order"], apart.counts["samples_out_of_order"]) > (0, 0)
    for split in ("train", "eval"):
        assert len(mixed.examples[split]) == len(apart.examples[split]) > 0
        for one, other in zip(mixed.examples[split], apart.examples[split], strict=True):
            np.testing.assert_array_equal(one.pop("window"), other.pop("window"))
            assert one == other


def same(one, other) -> None:
    """Whether two runs made the same examples."""
    for split in ("train", "eval"):
        assert len(one.examples[split]) == len(other.examples[split]) > 0
        for left, right in zip(one.examples[split], other.examples[split], strict=True):
            assert {**left, "window": None} == {**right, "window": None}
            np.testing.assert_array_equal(left["window"], right["window"])


DATES = pd.Timestamp("2024-05-01T12:00:00Z")


@pytest.mark.parametrize("kind", ["float", "milliseconds", "text", "timestamp", "zone"])
def test_parquet_and_csv_give_the_same_at_any_kind_of_time(kind, tmp_path):
    seconds = np.arange(300) / 10
    times, unit = {
        "float": (seconds + 1714564800, "s"),
        "milliseconds": ((seconds * 1000).astype(int) + 1714564800000, "ms"),
        "text": ([(DATES + pd.Timedelta(s, "s")).isoformat() for s in seconds], "s"),
        "timestamp": (pd.to_datetime(seconds, unit="s", origin=DATES.tz_localize(None)), "s"),
        "zone": (pd.to_datetime(seconds, unit="s", origin=DATES.tz_localize(None))
                 .tz_localize("UTC").tz_convert("Europe/Rome"), "s"),
    }[kind]  # fmt: skip
    rows = walking(300)
    frame = pd.DataFrame(
        {
            "time": times,
            "x": [float(row[1]) for row in rows],
            "y": np.array([row[2] for row in rows], np.float32),
            "activity": pd.Categorical([row[3] for row in rows]),
            "unused": "",
        }
    )
    (tmp_path / "csv").mkdir()
    (tmp_path / "parquet").mkdir()
    frame.to_csv(tmp_path / "csv" / "a.csv", index=False)
    frame.to_parquet(tmp_path / "parquet" / "a.parquet")
    config = Windows(**CONFIG, unit=unit)
    csv = made(tmp_path / "csv", tmp_path / "out1", config)
    parquet = made(tmp_path / "parquet", tmp_path / "out2", config)
    for found in (csv, parquet):
        for examples in found.examples.values():
            for example in examples:
                assert example.pop("group").startswith("a.")
                example["group"] = "a"
    same(csv, parquet)
    assert csv.examples["train"][1]["start"] // 10**6 == 1714564801000


def test_a_file_is_read_whatever_its_dress(tmp_path):
    """A byte order mark, spaces, Windows' line ends, quotes, empty lines, gzip."""
    rows = [(*row[:3], f'"{row[3]}"') for row in walking(300)]
    write_csv(tmp_path / "plain" / "a.csv", walking(300))
    text = "\ufeff" + "time, x, y, activity\r\n" + "".join(
        ", ".join(row[:3]) + "," + row[3] + "\r\n" * (1 + k % 2) for k, row in enumerate(rows)
    )  # fmt: skip
    (tmp_path / "dressed").mkdir()
    (tmp_path / "dressed" / "a.CSV").write_bytes(text.encode())
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "packed" / "_SUCCESS").touch()
    plain, *others = (
        made(tmp_path / name, tmp_path / f"{name}-out", Windows(**CONFIG))
        for name in ("plain", "dressed", "packed")
    )
    for other in others:
        for examples in other.examples.values():
            for example in examples:
                example["group"] = "a.csv"
        same(plain, other)


def test_classes_are_numbered_by_value_and_names_are_texts(tmp_path):
    """'10' comes after '9', '9.0' is '9', and a class may be called None."""
    numbers = [(*row[:3], ("10", "9.0" if k % 3 else "9")[k // 40 % 2])
               for k, row in enumerate(walking(400))]  # fmt: skip
    write_csv(tmp_path / "numbers" / "a.csv", numbers)
    found = made(tmp_path / "numbers", tmp_path / "out1", Windows(**CONFIG))
    assert found.counts["classes"] == ["9", "10"]
    texts = [(*row[:3], ("None", "NA")[k // 40 % 2]) for k, row in enumerate(walking(400))]
    write_csv(tmp_path / "texts" / "a.csv", texts)
    found = made(tmp_path / "texts", tmp_path / "out2", Windows(**CONFIG))
    assert found.counts["classes"] == ["NA", "None"]


def test_given_classes_keep_their_numbers(tmp_path):
    write_csv(tmp_path / "data" / "a.csv", walking(400))
    config = Windows(**CONFIG, classes=("run", "walk", "rest"))
    found = made(tmp_path / "data", tmp_path / "out", config)
    assert set(found.labels("train")) == set(found.labels("eval")) == {1, 2}
    assert found.counts["windows"]["train"]["run"] == 0


def test_without_times_rows_are_a_second_apart(tmp_path):
    write_csv(tmp_path / "data" / "a.csv", walking(400))
    found = made(tmp_path / "data", tmp_path / "out", Windows(**{**CONFIG, "time": None}))
    assert [e["start"] for e in found.examples["eval"]] == [k * 10**9 for k in range(320, 381, 10)]


def test_whole_groups_go_to_one_split(tmp_path):
    for number in range(20):
        write_csv(tmp_path / "data" / f"{number}.csv", walking(100, number))
    found = made(tmp_path / "data", tmp_path / "out", Windows(**CONFIG, split="group"))
    train, held_out = ({e["group"] for e in found.examples[s]} for s in ("train", "eval"))
    assert train and held_out and not train & held_out
    assert len(train | held_out) == 20
    assert found.counts["dropped"] == {}


def test_several_splits_of_files_are_refused():
    splits = [example_gen_pb2.Input.Split(name=n, pattern=f"{n}/*") for n in ("train", "eval")]
    with pytest.raises(ArgumentError, match="received the splits train, eval; one is needed"):
        SensorExampleGen("data", windows=CONFIG, input_config=example_gen_pb2.Input(splits=splits))
