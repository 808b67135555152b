"""Runs a pipeline on this machine with TFX's LocalDagRunner, and says in a sentence what failed."""

import contextlib
import logging
import signal
import sys
from collections.abc import Iterator

from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline

from tfx_updaters.pipelines.errors import NodeFailedError, RunError, sentence
from tfx_updaters.pipelines.live import LiveView


def run(pipeline: Pipeline, view: LiveView) -> None:
    """Runs the nodes in turn; `view` follows the log.

    Raises:
        NodeFailedError: a node failed; the nodes after it did not run.
        RunError: the run was interrupted.
    """
    try:
        with view, _without_arguments(), _interrupts(view):
            LocalDagRunner().run(pipeline)
    except KeyboardInterrupt as error:
        raise RunError(
            f"interrupted during {view.node}; what was finished is kept, the next run goes on"
        ) from error
    except Exception as error:
        logging.exception("%s failed", view.node)
        raise NodeFailedError(view.node or "start", sentence(error)) from error


@contextlib.contextmanager
def _without_arguments() -> Iterator[None]:
    """Hides this command's arguments: TFX's Beam executors parse `sys.argv` as flags of theirs."""
    arguments = sys.argv
    sys.argv = arguments[:1]
    try:
        yield
    finally:
        sys.argv = arguments


@contextlib.contextmanager
def _interrupts(view: LiveView) -> Iterator[None]:
    """Tells the view of Ctrl-C, besides what Python does."""

    def handle(*_: object) -> None:
        view.interrupted = True
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
