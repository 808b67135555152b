"""What others read: TensorBoard the event files, pandas the Parquet file."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from dynamics_subjects import OPTIMIZERS, fit, model
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tfx_updaters.components.trainer import journal, recorder
from tfx_updaters.components.trainer.dynamics import Dynamics
from tfx_updaters.components.trainer.dynamics_file import read_dynamics


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    fit(model(OPTIMIZERS["clip, decay, trace"]()), [Dynamics(folder, 2)])
    return folder


def tag(row):
    return f"{row.statistic}/{row.layer}" if row.layer else row.statistic


def test_the_schema(recorded):
    frame = read_dynamics(recorded)
    assert {c: str(t) for c, t in frame.dtypes.items()} == {
        "step": "int64", "layer": "object", "statistic": "object", "value": "float64",
    }  # fmt: skip
    assert not frame.duplicated(["step", "layer", "statistic"]).any()
    assert frame.step.is_monotonic_increasing and not frame.isna().any().any()
    pd.testing.assert_frame_equal(frame, pd.read_parquet(recorded / "dynamics.parquet"))
    pd.testing.assert_frame_equal(frame, read_dynamics(recorded / "dynamics.parquet"))
    assert [p.suffix for p in recorded.iterdir() if "tfevents" not in p.name] == [".parquet"]


def test_tensorboard_reads_all_that_the_file_has(recorded):
    events = EventAccumulator(str(recorded), size_guidance={"scalars": 0}).Reload()
    frame = read_dynamics(recorded)
    for name, rows in frame.groupby(frame.apply(tag, axis=1)):
        scalars = events.Scalars(name)
        assert [s.step for s in scalars] == rows.step.tolist()
        np.testing.assert_allclose([s.value for s in scalars], rows.value, rtol=1e-6)
    assert set(events.Tags()["scalars"]) == set(frame.apply(tag, axis=1))


def test_tensorboard_drops_the_steps_that_are_done_again(tmp_path):
    fit(model("sgd"), [Dynamics(tmp_path, 1)])
    fit(model("sgd"), [Dynamics(tmp_path, 1)], epochs=1)
    events = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0}).Reload()
    assert [s.step for s in events.Scalars("loss")] == [1, 2, 3, 4, 5, 6]


def test_a_real_tensorboard_serves_the_scalars(recorded):
    log = recorded / "tensorboard.log"
    command = [
        Path(sys.executable).with_name("tensorboard"), "--logdir", recorded, "--port", "0",
        "--load_fast=false", "--bind_all",
    ]  # fmt: skip
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as server:
        try:
            url = address(log) + "/data/plugin/scalars/scalars?run=.&tag=update_norm/conv1/kernel"
            rows = answer(url)
        finally:
            server.terminate()
            log.unlink()
    frame = read_dynamics(recorded)
    want = frame[(frame.statistic == "update_norm") & (frame.layer == "conv1/kernel")]
    assert [row[1] for row in rows] == want.step.tolist()
    np.testing.assert_allclose([row[2] for row in rows], want.value, rtol=1e-6)


def address(log):
    for _ in range(120):
        words = log.read_text().split()
        if "at" in words and words[-1].startswith("(Press"):
            pass
        found = [word for word in words if word.startswith("http://")]
        if found:
            port = found[0].rstrip("/").rpartition(":")[2]
            return f"http://127.0.0.1:{port}"
        time.sleep(0.5)
    raise AssertionError(log.read_text())


def answer(url):
    """The JSON at the address, once TensorBoard has read the files."""
    for _ in range(120):
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                return json.load(response)
        except OSError:
            time.sleep(0.5)
    raise AssertionError(url)


def test_memory_does_not_grow(tmp_path, monkeypatch):
    """When many values have gathered they become a part; the file is the same."""
    monkeypatch.setattr(journal, "ROWS", 100)
    monkeypatch.setattr(recorder, "STEPS", 3)
    dynamics = Dynamics(tmp_path / "parts", 1, tmp_path / "kept")
    fit(model("sgd"), [dynamics])
    parts = sorted((tmp_path / "kept").glob("part-*.parquet"))
    assert len(parts) >= 3
    monkeypatch.undo()
    fit(model("sgd"), [Dynamics(tmp_path / "one", 1)])
    many, one = (read_dynamics(tmp_path / name) for name in ("parts", "one"))
    timeless = [f[f.statistic != "examples_per_second"].reset_index(drop=True) for f in (many, one)]
    pd.testing.assert_frame_equal(*timeless)
    assert sum(pq.read_metadata(part).num_rows for part in parts) == len(many)


def test_examples_per_second(tmp_path):
    """A fit of known length: the rates cannot be higher than all examples over all seconds."""
    began = time.perf_counter()
    fit(model("sgd"), [Dynamics(tmp_path, 1)], epochs=4)
    seconds = time.perf_counter() - began
    frame = read_dynamics(tmp_path)
    rates = frame[frame.statistic == "examples_per_second"]
    # Each rate is of one step of 8 examples; the first, which compiles, has none.
    assert len(rates) == 23
    assert (8 / rates.value).sum() < seconds
