"""Beam on Flink: its job server with a cluster of its own, and each worker a process."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / ".setup/flink/job-server"
STARTS_WITHIN = 60  # seconds


@contextlib.contextmanager
def serving(parallelism: int) -> Iterator[list[str]]:
    """Beam's arguments for a job server and a pool of workers that live as long.

    Both end with it, so that their memory counts as that of this process's children.

    Args:
        parallelism: parts that Flink works on at a time.
    """
    from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer

    if not PROGRAM.is_file():
        sys.exit("Flink is not set up: call `make test-flink` first")
    port = _free_port()
    with tempfile.TemporaryDirectory() as place:
        # Workers start as `python`: with this environment's, and with its modules.
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        words = [PROGRAM, "--job-port", str(port), "--artifact-port", "0", "--expansion-port", "0",
                 "--artifacts-dir", place]  # fmt: skip
        environment = {**os.environ, "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={place}"}
        server = subprocess.Popen(
            words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(port)
            address, pool = BeamFnExternalWorkerPoolServicer.start(use_process=True)
            yield [
                "--runner=FlinkRunner", f"--job_endpoint=localhost:{port}",
                f"--parallelism={parallelism}", "--environment_type=EXTERNAL",
                f"--environment_config={address}", "--environment_cache_millis=60000",
                "--sdk_container_image=none",
            ]  # fmt: skip
            pool.stop(None)
        finally:
            server.kill()
            server.wait()
            _wait_for_workers()


def _wait_for_workers() -> None:
    """They end with the job server; only the memory of those that were waited for counts."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def _wait_for(port: int) -> None:
    ends = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < ends:
        with contextlib.suppress(OSError):
            socket.create_connection(("localhost", port), 1).close()
            return
        time.sleep(0.1)
    sys.exit(f"Flink's job server did not start within {STARTS_WITHIN} s")
