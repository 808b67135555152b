"""Runners of Beam's in processes of their own, and workers in others.

Prism needs `make test-runners`, Flink `make test-flink`, Spark `make test-spark`.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[2] / ".setup"


@pytest.fixture(scope="session", params=["prism", "flink", "spark"])
def job_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """A name for `--beam-runner`, and the address of the job server that takes its jobs."""
    port = free_port()
    place = tmp_path_factory.mktemp(request.param)
    words: list[str | Path] = [
        SETUP / request.param / "job-server", "--job-port", str(port), "--artifact-port", "0",
        "--expansion-port", "0", "--artifacts-dir", place,
    ]  # fmt: skip
    if request.param == "prism":
        words = [SETUP / "prism/prism", "-job_port", str(port), "-serve_http=false"]
    with (place / "log").open("w") as log:
        process = subprocess.Popen(
            words, stdout=log, stderr=subprocess.STDOUT,
            env={**os.environ, "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={place}"},
        )  # fmt: skip
    try:
        wait_for(port)
        yield {"prism": "portable"}.get(request.param, request.param), f"localhost:{port}"
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


@pytest.fixture(scope="session")
def there(job_server: tuple[str, str], workers: str) -> tuple[str, list[str]]:
    """A runner and Beam's options for it, with each worker a process of its own.

    A worker that is kept for a minute serves the stages that follow: to start one takes seconds.
    """
    runner, address = job_server
    return runner, [f"job_endpoint={address}", "environment_type=EXTERNAL",
                    f"environment_config={workers}", "environment_cache_millis=60000"]  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("localhost", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nothing listens at port {port}")
