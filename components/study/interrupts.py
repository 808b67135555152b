"""Ctrl-C during a training, which TensorFlow may swallow."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def noticed() -> Iterator[Callable[[], bool]]:
    """Says whether SIGINT has come, which also does what it did before.

    An interrupt while a function is traced can end as another error, or as none. Python takes
    signals in a process's main thread only: in another one nothing is noticed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    came = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def notice(number: int, frame: FrameType | None) -> None:
        came.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, notice)
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGINT, before)
