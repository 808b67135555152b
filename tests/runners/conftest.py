"""A runner of Beam's in a process of its own, and workers in others; needs `make test-runners`."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PRISM = Path(__file__).resolve().parents[2] / ".setup/prism/prism"


@pytest.fixture(scope="session")
def job_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Prism, which takes jobs."""
    port = free_port()
    log = (tmp_path_factory.mktemp("prism") / "log").open("w")
    words = [PRISM, "-job_port", str(port), "-serve_http=false"]
    process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_for(port)
        yield f"localhost:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a pool that starts a process for each worker that a job wants."""
    binaries = Path(sys.executable).parent
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    assert Path(str(shutil.which("python", path=path))).parent == binaries
    log = (tmp_path_factory.mktemp("workers") / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("pool.py")],
        env={**os.environ, "PATH": path}, stdout=subprocess.PIPE, stderr=log, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("localhost", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nothing listens at port {port}")
