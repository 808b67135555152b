"""Scalars as an event file of TensorBoard, one event a step."""

import os
import socket
import time
from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf

VERSION = "brain.Event:2"


class EventFile:
    """An event file, made at the first event; a new one for each process that goes on with a run.

    `tf.summary` has an operation for each scalar, which costs more than a small training step.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._writer: tf.io.TFRecordWriter | None = None

    def restart(self, step: int) -> None:
        """Says that training goes on after `step`: TensorBoard drops what it has of later steps."""
        start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        self._write(tf.compat.v1.Event(wall_time=time.time(), step=step + 1, session_log=start))

    def add(self, step: int, scalars: Iterable[tuple[str, float]]) -> None:
        """Writes the scalars of a step by their tags; TensorBoard can show them at once."""
        values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=v) for tag, v in scalars]
        summary = tf.compat.v1.Summary(value=values)
        self._write(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary))

    def close(self) -> None:
        """Ends the file; a later event begins another."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write(self, event: tf.compat.v1.Event) -> None:
        if self._writer is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
            self._writer = tf.io.TFRecordWriter(str(self._folder / f"{name}.dynamics"))
            first = tf.compat.v1.Event(wall_time=time.time(), file_version=VERSION)
            self._writer.write(first.SerializeToString())
        self._writer.write(event.SerializeToString())
        self._writer.flush()
