"""Trials trained several at a time, in processes that train one after the other."""

from collections.abc import Iterator, Sequence
from typing import Any

import joblib
import tensorflow as tf
from joblib.externals import loky
from joblib.externals.loky.process_executor import TerminatedWorkerError

from tfx_updaters.components.errors import StudyError
from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Result, Trial

MOST = 8  # processes that are used unasked: each takes about a gigabyte of memory


def jobs() -> int:
    """How many trials this machine trains at a time: one for each core; one where it has a GPU."""
    if tf.config.list_physical_devices("GPU"):
        return 1
    return min(joblib.cpu_count(), MOST)


class Pool:
    """Trains as `Training` does, several at a time; what a trial gives is the same.

    Its processes end with its `with` block.

    Args:
        training: trains one.
        jobs: how many at a time.
    """

    def __init__(self, training: Training, jobs: int):
        self._training = training
        self._jobs = jobs
        self._used = False

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        # Idle ones would keep their memory for minutes, and be used again by another study.
        if self._used:
            loky.get_reusable_executor().shutdown(wait=True, kill_workers=True)

    def __call__(self, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Result]]:
        """Each trial with its result, as it ends.

        Raises:
            StudyError: a process was killed, as where memory is short.
        """
        if self._jobs == 1 or len(trials) == 1:
            yield from self._training(trials)
            return
        self._used = True
        # No files are made of large arrays: a study writes to its own folder only.
        run: Any = joblib.Parallel(
            n_jobs=min(self._jobs, len(trials)), return_as="generator_unordered", max_nbytes=None,
            pre_dispatch="n_jobs",
        )  # fmt: skip
        try:
            yield from run(joblib.delayed(_trained)(self._training, trial) for trial in trials)
        except TerminatedWorkerError as error:
            raise StudyError(
                f"a process that trained was killed; with fewer at a time (jobs, now {self._jobs}) "
                "they need less memory; the study goes on from here"
            ) from error


def _trained(training: Training, trial: Trial) -> tuple[Trial, Result]:
    return trial, training.result(trial)
