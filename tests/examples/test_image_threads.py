"""Which images are worked on at a time, and that their order stays."""

import os
import threading
import time
from pathlib import Path

import pytest

from tfx_updaters.components import local_beam
from tfx_updaters.components.examples.image_files import File
from tfx_updaters.components.examples.image_threads import AT_ONCE, LEAST_BYTES, several

COUNT = 2 * AT_ONCE + 3


def files(folder: Path, size: int) -> list[File]:
    found = [File(f"{number}.png", "a", "") for number in range(COUNT)]
    for file in found:
        (folder / file.path).write_bytes(bytes(size))
    return found


def slow_first(folder: Path, file: File) -> tuple[str, int]:
    """The path, and the thread that it was worked on in; even ones take longer."""
    assert (folder / file.path).is_file()
    time.sleep(0.002 * (int(file.path.removesuffix(".png")) % 2 == 0))
    return file.path, threading.get_ident()


@pytest.mark.parametrize(
    ("size", "threads", "others"),
    [(LEAST_BYTES, 3, True), (LEAST_BYTES - 1, 3, False), (LEAST_BYTES, 1, False)],
    ids=["large", "small", "one thread"],
)
def test_large_images_are_worked_on_side_by_side_in_their_order(tmp_path, size, threads, others):
    given = files(tmp_path, size)
    found = list(several(slow_first, tmp_path, given, threads))
    assert [path for path, _ in found] == [file.path for file in given]
    used = {thread for _, thread in found}
    assert (threading.get_ident() not in used and 1 < len(used) <= threads) == others
    assert (used == {threading.get_ident()}) != others


def test_a_file_that_is_gone_is_left_to_the_work(tmp_path):
    with pytest.raises(AssertionError):
        list(several(slow_first, tmp_path, [File("0.png", "a", "")], 3))
    assert list(several(slow_first, tmp_path, [], 3)) == []


@pytest.mark.parametrize(
    ("arguments", "share"),
    [
        (None, 1.0),
        (["--runner=FnApiRunner"], 1.0),
        (["--direct_running_mode=in_memory", "--direct_num_workers=2"], 1.0),
        (["--direct_running_mode=multi_processing", "--direct_num_workers=2"], 0.5),
        (["--direct_running_mode=multi_processing", "--direct_num_workers=0"], 0.0),
        (["--runner=FlinkRunner"], 0.0),
        (["--runner=PortableRunner", "--direct_running_mode=in_memory"], 0.0),
    ],
)
def test_a_worker_uses_its_share_of_this_machine(monkeypatch, arguments, share):
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert local_beam.processors(arguments) == max(1, int(16 * share))
