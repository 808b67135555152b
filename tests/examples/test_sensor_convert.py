"""Series made into records here, without Beam: the same windows as SensorExampleGen's."""

import pytest
import tensorflow as tf
from sensor_runs import made, walking, write_csv

from tfx_updaters.components.examples import sensor_convert, sensor_layout
from tfx_updaters.components.examples.sensor_windows import Windows

WINDOWS = {
    "length": 16, "stride": 4, "time": "time", "channels": ("x", "y"), "label": "activity",
    "label_by": "majority",
}  # fmt: skip


def serialized(folder, pattern: str) -> list[bytes]:
    files = sorted(map(str, folder.glob(pattern)))
    return sorted(record.numpy() for record in tf.data.TFRecordDataset(files, "GZIP"))


@pytest.mark.parametrize("more", [{}, {"group": "person", "split": "group", "eval_share": 0.4}])
def test_the_windows_are_those_of_the_component(tmp_path, more):
    for seed in range(12):
        rows = [(*row, f"person{seed % 8}") for row in walking(200, seed)]
        late = [(f"{float(row[0]) + 20 * (seed // 8):.1f}", *row[1:]) for row in rows]
        write_csv(tmp_path / "data" / f"{seed}.csv", late, "time,x,y,activity,person")
    windows = Windows(**WINDOWS, **more)
    made(tmp_path / "data", tmp_path / "beam", windows)
    files = sensor_layout.find(tmp_path / "data")
    folder = sensor_convert.convert(files, windows, lambda mark: tmp_path / mark)
    for split in ("train", "eval"):
        ours = serialized(folder, f"{split}.tfrecord.gz")
        assert ours and ours == serialized(tmp_path / "beam", f"Split-{split}/*.gz")
    assert (folder / "windows.json").read_text() == (tmp_path / "beam/windows.json").read_text()
