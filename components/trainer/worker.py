"""One of the processes that `workers` starts: trains, and tells what it logs and how it ended."""

import logging
import logging.handlers
import os
import pickle
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any


class _Telling(logging.handlers.QueueHandler):
    """Sends each record, made ready for pickle."""

    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.send(record)


def main() -> None:
    """Trains with the arguments that come over the connection of the given descriptor."""
    connection = Connection(int(sys.argv[1]))
    arguments = connection.recv_bytes()
    threading.Thread(target=_end_with, args=[connection], daemon=True).start()
    telling: Any = _Telling(connection)  # pyright: ignore[reportArgumentType]
    logging.getLogger().handlers[:] = [telling]
    logging.getLogger().setLevel(logging.INFO)
    connection.send(_result(arguments))


def _end_with(connection: Connection) -> None:
    """Ends this process when the one that started it has gone: nothing else is ever sent."""
    try:
        connection.recv()
    except (EOFError, ConnectionError):
        os._exit(1)


def _result(arguments: bytes) -> Exception | None:
    try:
        from tfx_updaters.components.trainer import fit

        fit.run_fn(pickle.loads(arguments))
    except Exception as error:
        logging.exception("the training failed")
        return _portable(error)
    return None


def _portable(error: Exception) -> Exception:
    """The error, or what it says where it cannot be sent."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    main()
