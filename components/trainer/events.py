"""Scalars as an event file of TensorBoard, one event a step."""

import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

VERSION = "brain.Event:2"


class EventFile:
    """An event file, made at the first event; a new one for each process that goes on with a run.

    `tf.summary` has an operation for each scalar, which costs more than a small training step.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._writer: tf.io.TFRecordWriter | None = None
        # The event of the step before: most steps have the same tags.
        self._tags: Sequence[str] | None = None
        self._event = tf.compat.v1.Event()
        self._values: list[Any] = []

    def restart(self, step: int) -> None:
        """Says that training goes on after `step`: TensorBoard drops what it has of later steps."""
        start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        self._write(tf.compat.v1.Event(wall_time=time.time(), step=step + 1, session_log=start))

    def add(self, step: int, when: float, tags: Sequence[str], values: Sequence[float]) -> None:
        """Writes the scalars of a step; `when` is in seconds since 1970."""
        if tags != self._tags:
            self._tags = tags
            self._event = tf.compat.v1.Event()
            self._values = [self._event.summary.value.add(tag=tag) for tag in tags]
        self._event.wall_time, self._event.step = when, step
        for place, value in zip(self._values, values, strict=True):
            place.simple_value = value
        self._write(self._event)

    def flush(self) -> None:
        """TensorBoard can show what was added from now on."""
        if self._writer is not None:
            self._writer.flush()

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
