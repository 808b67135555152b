"""Several replicas stay identical and equal one device: two devices, and two real processes."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("replicas.py")


def start(how: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, PROGRAM, how], env={**os.environ, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(process: subprocess.Popen) -> None:
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0 and out.endswith("compared, 0 wrong\n"), (out, err[-3000:])


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def test_two_devices_under_mirrored_strategy():
    ended(start("mirrored"))


def test_two_processes_under_multi_worker_mirrored_strategy():
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(2)]}
    workers = [
        start("worker", TF_CONFIG=json.dumps(
            {"cluster": cluster, "task": {"type": "worker", "index": index}}))
        for index in range(2)
    ]  # fmt: skip
    try:
        for worker in workers:
            ended(worker)
    finally:
        for worker in workers:
            worker.kill()
