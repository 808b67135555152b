"""Trials trained several at a time, in threads: TensorFlow computes while Python does the next."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from concurrent import futures

import joblib
import tensorflow as tf

from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Result, Trial

MOST = 8  # that are trained unasked: models are built one after the other


def jobs() -> int:
    """How many trials this machine trains at a time: one for each core; one where it has a GPU."""
    if tf.config.list_physical_devices("GPU"):
        return 1
    return min(joblib.cpu_count(), MOST)


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
    """

    def __init__(self, training: Training, jobs: int):
        self._training = training
        self._jobs = jobs
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
            yield from self._training(trials)
            return
        train, stopped = self._training.result, self._stopped.is_set
        running = {self._threads.submit(train, each, stopped): each for each in trials}
        for ended in futures.as_completed(running):
            yield running[ended], ended.result()
