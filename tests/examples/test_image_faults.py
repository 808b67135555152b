"""Where ImageFolderExampleGen fails in the middle: it says why, and nothing half-written stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from tfx_updaters.components import ImageConfig, ImageFolderExampleGen
from tfx_updaters.components.examples import image_executor

BEAM = ["--runner=FnApiRunner", "--direct_running_mode=in_memory"]


def execute(images: Path, uri: Path, **options) -> None:
    """The node's executor alone, which leaves the artifact's folder as it is when it fails."""
    uri.mkdir(exist_ok=True)
    node = ImageFolderExampleGen(str(images), images=ImageConfig(**options))
    examples = standard_artifacts.Examples()
    examples.uri = str(uri)
    executor = image_executor.Executor
    context = executor.Context(beam_pipeline_args=BEAM, tmp_dir=str(uri), unique_id="1")
    executor(context).Do({}, {"examples": [examples]}, dict(node.exec_properties))


def left(uri: Path) -> list[str]:
    """Files of examples, and whatever there should not be."""
    known = {"images.json", "skipped.jsonl", "copies.jsonl"}
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
        execute(images, uri)
    assert all(name.startswith("Split-eval/") for name in left(uri)), left(uri)
    assert not [path for path in uri.iterdir() if path.name.startswith(".")]


def test_a_folder_that_is_refused_leaves_no_work_behind(images, tmp_path):
    (images / "a" / "text.png").write_text("no image")
    uri = tmp_path / "examples"
    with pytest.raises(Exception, match=r"a/text\.png: no PNG"):
        execute(images, uri)
    assert left(uri) == []
    assert not [path for path in uri.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("size", ["16k", "64k"], ids=["before the scan ends", "in the examples"])
def test_a_full_disk_is_named_and_leaves_no_file_of_examples(images, tmp_path, size):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        "import sys\nfrom pathlib import Path\nfrom test_image_faults import execute, left\n"
        "images, uri = map(Path, sys.argv[1:])\n"
        "try:\n    execute(images, uri, encoding='float', size=(200, 200))\n"
        "except Exception as error:\n    print('error:', error)\n"
        "print(left(uri), list(uri.glob('.*')))\n"
    )
    mount = f'mount -t tmpfs -o "size={size}" tmpfs "$1" && shift && exec "$@"'
    command = [sys.executable, "-c", script, images, disk]
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    done = subprocess.run(
        [*unshare, "sh", "-c", mount, "sh", disk, *command], capture_output=True, text=True,
        cwd=Path(__file__).parent, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "No space left on device" in done.stdout
    assert done.stdout.splitlines()[-1] == "[] []"
