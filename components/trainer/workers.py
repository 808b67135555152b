"""Several processes of this machine train together, and go on together when one of them is lost."""

import copy
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

import cloudpickle
import tensorflow as tf
from tfx.components.trainer.fn_args_utils import FnArgs

from tfx_updaters.components.errors import ArgumentError, WorkerError

WORKER = "tfx_updaters.components.trainer.worker"
STARTS = 4  # of all workers, at most
# How long the others are heard when one has failed: a lost one makes the others fail too, and
# they may say so first.
GRACE = 5.0  # seconds


def train(fn_args: FnArgs, count: int, checkpoints: str) -> None:
    """Runs our training in processes that share each batch (`MultiWorkerMirroredStrategy`).

    Args:
        fn_args: of the training; the first worker writes the outputs.
        count: of processes.
        checkpoints: the folder that they save to, and go on from.

    Raises:
        ArgumentError: this machine has GPUs, which one process trains on together.
        WorkerError: a worker was killed, time and again.
        Exception: what a worker raised.
    """
    if tf.config.list_physical_devices("GPU"):
        raise ArgumentError(f"workers: received {count}; the GPUs of a machine need 1")
    for start in range(1, STARTS + 1):
        try:
            return _together(fn_args, count, checkpoints)
        except WorkerError as error:
            if start == STARTS:
                raise
            logging.warning("%s; all workers start again, from the last checkpoint", error)


def _together(fn_args: FnArgs, count: int, checkpoints: str) -> None:
    with tempfile.TemporaryDirectory() as elsewhere, ExitStack() as started:
        cluster = [f"localhost:{port}" for port in _free_ports(count)]
        workers = []
        for number in range(count):
            own = _own(fn_args, checkpoints, f"{elsewhere}/{number}" if number else None)
            task = {"cluster": {"worker": cluster}, "task": {"type": "worker", "index": number}}
            workers.append(started.enter_context(_worker(own, task)))
        _follow(workers)


def _own(fn_args: FnArgs, checkpoints: str, elsewhere: str | None) -> FnArgs:
    """A worker's arguments; all but the first write elsewhere what nobody needs."""
    own = copy.copy(fn_args)
    training = {**fn_args.custom_config["training"], "checkpoint_dir": checkpoints}
    own.custom_config = {**fn_args.custom_config, "training": training}
    if elsewhere:
        own.serving_model_dir, own.model_run_dir = f"{elsewhere}/model", f"{elsewhere}/run"
    return own


@contextmanager
def _worker(fn_args: FnArgs, task: dict[str, Any]) -> Iterator[Connection]:
    """Starts a worker, which ends with this block at the latest, or with this process."""
    here, there = Pipe()
    environment = {
        **os.environ, "TF_CONFIG": json.dumps(task), "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", WORKER, str(there.fileno())],
        env=environment, pass_fds=[there.fileno()],
    )  # fmt: skip
    there.close()
    try:
        here.send_bytes(cloudpickle.dumps(fn_args))
        yield here
    finally:
        process.kill()
        process.wait()
        here.close()


def _follow(workers: Sequence[Connection]) -> None:
    """Passes on what the first one logs, and the others' warnings, until all have ended.

    Raises:
        WorkerError: one ended without a word.
        Exception: what one raised.
    """
    running, raised, lost = list(workers), [], []
    while running:
        heard = wait(running, GRACE if raised else None)
        if not heard:
            break
        for worker in heard:
            assert isinstance(worker, Connection)
            try:
                said = worker.recv()
            except (EOFError, ConnectionError):
                lost.append(workers.index(worker))
                running.remove(worker)
                continue
            if isinstance(said, logging.LogRecord):
                if worker is workers[0] or said.levelno >= logging.WARNING:
                    logging.getLogger(said.name).handle(said)
                continue
            running.remove(worker)
            if said is not None:
                raised.append(said)
        if lost:
            raise WorkerError(f"worker {lost[0]} of {len(workers)} was killed")
    if raised:
        raise raised[0]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("localhost", 0))
        return [probe.getsockname()[1] for probe in sockets]
