"""Where an ExampleGen fails in the middle: it says why, and nothing half-written stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sensor_runs import walking, write_csv
from tfx.types import standard_artifacts

from tfx_updaters.components import (
    DataError,
    ImageConfig,
    ImageFolderExampleGen,
    SensorExampleGen,
    Windows,
)
from tfx_updaters.components.examples import image_executor, sensor_counts

BEAM = ["--runner=FnApiRunner", "--direct_running_mode=in_memory"]


def of_images(folder: Path, **options):
    """A node for images in folders."""
    return ImageFolderExampleGen(str(folder), images=ImageConfig(**options))


def of_series(folder: Path):
    """A node for series of `walking`, a file each."""
    windows = Windows(length=20, stride=2, channels=("x", "y"), label="activity", time="time")
    return SensorExampleGen(str(folder), windows=windows)


def execute(node, uri: Path) -> None:
    """The node's executor alone, which leaves the artifact's folder as it is when it fails."""
    uri.mkdir(exist_ok=True)
    examples = standard_artifacts.Examples()
    examples.uri = str(uri)
    executor = node.executor_spec.executor_class
    context = executor.Context(beam_pipeline_args=BEAM, tmp_dir=str(uri), unique_id="1")
    executor(context).Do({}, {"examples": [examples]}, dict(node.exec_properties))


def left(uri: Path) -> list[str]:
    """Files of examples, and whatever there should not be."""
    known = {"images.json", "skipped.jsonl", "copies.jsonl", "windows.json"}
    return sorted(
        str(path.relative_to(uri)) for path in uri.rglob("*") if path.is_file()
        and path.name not in known
    )  # fmt: skip


@pytest.fixture
def images(folder):
    return folder(*[f"{label}/{n}.png" for label in "ab" for n in range(30)], channels=1)


def test_an_image_that_goes_after_its_scan_is_named(images, tmp_path, monkeypatch):
    mixed = image_executor.mixed

    def removing(plan):
        (images / "a" / "7.png").unlink()
        return mixed(plan)

    monkeypatch.setattr(image_executor, "mixed", removing)
    uri = tmp_path / "examples"
    with pytest.raises(Exception, match=r"a/7\.png was changed while it was read: .*No such file"):
        execute(of_images(images), uri)
    assert all(name.startswith("Split-eval/") for name in left(uri)), left(uri)
    assert not [path for path in uri.iterdir() if path.name.startswith(".")]


def test_a_folder_that_is_refused_leaves_no_work_behind(images, tmp_path):
    (images / "a" / "text.png").write_text("no image")
    uri = tmp_path / "examples"
    with pytest.raises(Exception, match=r"a/text\.png: no PNG"):
        execute(of_images(images), uri)
    assert left(uri) == []
    assert not [path for path in uri.iterdir() if path.name.startswith(".")]


@pytest.fixture
def series(tmp_path):
    for number in range(4):
        write_csv(tmp_path / "series" / f"{number}.csv", walking(4000, number))
    return tmp_path / "series"


def test_a_series_that_changes_after_it_was_counted_is_named(series, tmp_path, monkeypatch):
    classes = sensor_counts.classes

    def changing(counts, windows):
        rows = [(*row[:3], {"walk": "run"}.get(row[3], row[3])) for row in walking(4000, 2)]
        write_csv(series / "2.csv", rows)
        return classes(counts, windows)

    monkeypatch.setattr(sensor_counts, "classes", changing)
    uri = tmp_path / "examples"
    with pytest.raises(DataError, match=r"'2\.csv' was changed .* it has the class 'run' now"):
        execute(of_series(series), uri)
    assert left(uri) == []
    assert not [path for path in uri.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("kind", "size"),
    [("images", "16k"), ("images", "64k"), ("series", "128k")],
    ids=["images before the scan ends", "images in the examples", "series in the examples"],
)
def test_a_full_disk_is_named_and_leaves_no_file_of_examples(kind, size, request, tmp_path):
    data = request.getfixturevalue(kind)
    made = {
        "images": "of_images(data, encoding='float', size=(200, 200))",
        "series": "of_series(data)",
    }[kind]
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        "import sys\nfrom pathlib import Path\nfrom test_example_gen_faults import *\n"
        "data, uri = map(Path, sys.argv[1:])\n"
        f"try:\n    execute({made}, uri)\n"
        "except Exception as error:\n    print('error:', error)\n"
        "print(left(uri), list(uri.glob('.*')))\n"
    )
    mount = f'mount -t tmpfs -o "size={size}" tmpfs "$1" && shift && exec "$@"'
    command = [sys.executable, "-c", script, data, disk]
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    done = subprocess.run(
        [*unshare, "sh", "-c", mount, "sh", disk, *command], capture_output=True, text=True,
        cwd=Path(__file__).parent, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "No space left on device" in done.stdout
    assert done.stdout.splitlines()[-1] == "[] []"
