"""A training that is asked to end saves what it has, so that the next one goes on from there."""

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator


class PreemptedError(SystemExit):
    """The process was asked to end by SIGTERM; its exit status is 143, as a shell says it."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)

    def __str__(self) -> str:
        """What a log says."""
        return "SIGTERM: the training was saved and ended; run again, it goes on"


@contextlib.contextmanager
def noticed() -> Iterator[Callable[[], bool]]:
    """Says whether SIGTERM has come, which ends nothing meanwhile.

    Python takes signals in a process's main thread only: in another one nothing is noticed, and
    the signal does what it did before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    came = threading.Event()

    def notice(*_: object) -> None:
        logging.warning("SIGTERM: the training ends after the next checkpoint")
        came.set()

    before = signal.signal(signal.SIGTERM, notice)
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGTERM, before)
