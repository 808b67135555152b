"""Trials trained several at a time, in threads: TensorFlow computes while Python does the next."""

import contextlib
import itertools
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent import futures

import joblib
import tensorflow as tf

from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Result, Trial

MOST = 8  # that are trained unasked: models are built one after the other


def gpus() -> list[str]:
    """TensorFlow's names of the GPUs of this machine."""
    return [f"GPU:{place}" for place, _ in enumerate(tf.config.list_physical_devices("GPU"))]


def jobs() -> int:
    """How many trials this machine trains at a time: one for each GPU, or else for each core."""
    return len(gpus()) or min(joblib.cpu_count(), MOST)


def give_each_a_core() -> None:
    """Has TensorFlow use one thread for an operation: trainings side by side lose none to others.

    It is for the whole process, and left as it is where TensorFlow runs already.
    """
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)


class Pool:
    """Trains as `Training` does, several at a time; what a trial gives is the same.

    At the end of its `with` block trainings that still run end after some steps, without a result.

    Args:
        training: trains one.
        jobs: how many at a time.
        devices: TensorFlow's names of what trains; a trial takes the one that is free the longest.
            More jobs than devices share them. By default the GPUs, or else the CPU.
    """

    def __init__(self, training: Training, jobs: int, devices: Sequence[str] = ()):
        self._training = training
        self._jobs = jobs
        self._free: queue.SimpleQueue[str] = queue.SimpleQueue()
        for device in itertools.islice(itertools.cycle(devices or gpus() or ["CPU:0"]), jobs):
            self._free.put(device)
        self._stopped = threading.Event()
        self._threads = futures.ThreadPoolExecutor(jobs)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._threads.shutdown(cancel_futures=True)

    def __call__(self, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Result]]:
        """Each trial with its result, as it ends."""
        if self._jobs == 1 or len(trials) == 1:
            yield from self._one_by_one(trials)
            return
        running = {self._threads.submit(self._result, each): each for each in trials}
        for ended in futures.as_completed(running):
            yield running[ended], ended.result()

    def _one_by_one(self, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Result]]:
        """In this thread, where an interrupt comes."""
        results, device = iter(self._training(trials)), self._free.get()
        try:
            for _ in trials:
                with tf.device(device):
                    ended = next(results)
                yield ended
        finally:
            self._free.put(device)

    def _result(self, trial: Trial) -> Result:
        device = self._free.get()
        try:
            with tf.device(device):
                return self._training.result(trial, self._stopped.is_set)
        finally:
            self._free.put(device)
