"""Where a run's words go: the user's to the terminal, everything else to the run's log file."""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

FORMAT = "%(asctime)s %(levelname).1s %(name)s: %(message)s"


@contextlib.contextmanager
def captured(log: Path, *, verbose: bool) -> Iterator[Console]:
    """Sends this process's output, that of its libraries too, to `log`.

    Gives a console on the real standard output. TensorFlow's C++ code writes to the file
    descriptor itself, so that is what is redirected. With `verbose` the log is shown as well.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    streams = sys.stdout, sys.stderr
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8")
    console = console_on(terminal)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    root = logging.getLogger()
    handler = logging.FileHandler(log, encoding="utf-8")
    handler.setFormatter(logging.Formatter(FORMAT))
    before = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    os.dup2(file, 1)
    os.dup2(file, 2)
    # Objects of their own, never closed: a library may keep one, and what a full disk leaves in
    # their buffers must not come out on the terminal when the process ends.
    sys.stdout = sys.stderr = open(log, "a", 1, encoding="utf-8", errors="replace")  # noqa: SIM115
    try:
        with _followed(log, saved[1]) if verbose else contextlib.nullcontext():
            yield console
    finally:
        sys.stdout, sys.stderr = streams
        for number, original in enumerate(saved, start=1):
            os.dup2(original, number)
            os.close(original)
        os.close(file)
        root.handlers[:], root.level = before
        with contextlib.suppress(OSError):
            handler.close()
        # Closing writes what is left; whoever read it (`| head`) may have gone.
        with contextlib.suppress(BrokenPipeError):
            terminal.close()


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Drops what libraries write to standard error: TensorFlow greets, whatever its log level."""
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def console_on(file) -> Console:
    """A console of 80 columns and no colour where the output is not a terminal."""
    width = None if file.isatty() else 80
    # Said outright: FORCE_COLOR and the like, set for other programs, would put colours and
    # carriage returns into a CI log.
    terminal = file.isatty()
    return Console(
        file=file, width=width, highlight=False, soft_wrap=False, force_terminal=terminal,
        force_interactive=None if terminal else False,
    )  # fmt: skip


@contextlib.contextmanager
def _followed(log: Path, descriptor: int) -> Iterator[None]:
    """Copies to `descriptor` whatever is appended to the log."""
    done = threading.Event()

    def follow() -> None:
        with log.open("rb") as file:
            while True:
                last = done.is_set()
                while chunk := file.read(65536):
                    os.write(descriptor, chunk)
                if last:
                    return
                done.wait(0.1)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
