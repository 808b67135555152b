"""Checkpoints from which a killed training goes on as if nothing had happened, bit for bit."""

import hashlib
import io
import json
import logging
import os
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfx_updaters.components.errors import CheckpointError
from tfx_updaters.components.trainer.preemption import PreemptedError

# The environment variable with the folder for every training's folder, where what is beside a
# node's outputs is lost with the node.
ROOT = "TFX_UPDATERS_CHECKPOINTS"
KEPT = 2
META = "meta"
STOPPING = ("wait", "stopped_epoch", "best", "best_epoch")


@dataclass(frozen=True)
class Checkpoint:
    """What was saved after a step.

    Attributes:
        step: number of training steps done.
        meta: what it belongs to, and the state of early stopping.
        arrays: values by name.
    """

    step: int
    meta: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


class Store:
    """The folder with the checkpoints of one training; local, or anything that TensorFlow opens.

    A file appears under its name when it is complete, and its checksums are read with it: one
    that was cut short is passed over for the one before.
    """

    def __init__(self, folder: str, identity: Mapping[str, Any]):
        """The folder is made by the first `save`.

        Args:
            folder: where the files are.
            identity: what training they belong to, as plain data.
        """
        self.folder = folder
        self.identity = json.loads(json.dumps(identity))

    def save(self, step: int, meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Writes a checkpoint and removes those before the last one."""
        tf.io.gfile.makedirs(self.folder)
        text = json.dumps({"identity": self.identity, **meta}).encode()
        packed = io.BytesIO()
        everything: Any = {META: np.frombuffer(text, "uint8"), **arrays}
        np.savez(packed, **everything)
        path = f"{self.folder}/step-{step:012d}.npz"
        with tf.io.gfile.GFile(f"{path}.part", "wb") as file:
            file.write(packed.getvalue())
        tf.io.gfile.rename(f"{path}.part", path, overwrite=True)
        for old in self._paths()[KEPT:]:
            tf.io.gfile.remove(old)

    def latest(self) -> Checkpoint | None:
        """The newest complete checkpoint; None without one.

        Raises:
            CheckpointError: it belongs to another training; the message says in what they differ.
        """
        for path in self._paths():
            try:
                checkpoint = _read(path)
            except (
                OSError,
                ValueError,
                KeyError,
                EOFError,
                zipfile.BadZipFile,
                zlib.error,
            ) as error:
                logging.warning("checkpoint %s is damaged (%s); trying the one before", path, error)
                continue
            self._check(path, checkpoint.meta["identity"])
            return checkpoint
        return None

    def remove(self) -> None:
        """Removes the folder: the training has ended."""
        if tf.io.gfile.exists(self.folder):
            tf.io.gfile.rmtree(self.folder)

    def _paths(self) -> list[str]:
        """The files, the newest first."""
        if not tf.io.gfile.exists(self.folder):
            return []
        return sorted(tf.io.gfile.glob(f"{self.folder}/step-*.npz"), reverse=True)

    def _check(self, path: str, identity: Mapping[str, Any]) -> None:
        for name, here in self.identity.items():
            if identity.get(name) != here:
                raise CheckpointError(
                    f"checkpoint {path} is of another training: its {name} is "
                    f"{identity.get(name)}, here it is {here}; name another folder or remove it"
                )


def _read(path: str) -> Checkpoint:
    with tf.io.gfile.GFile(path, "rb") as file, np.load(io.BytesIO(file.read())) as stored:
        arrays = {name: stored[name] for name in stored.files}
    meta = json.loads(arrays.pop(META).tobytes())
    return Checkpoint(meta["step"], meta, arrays)


def fingerprint(*parts: Any) -> str:
    """A name for a training, from plain data."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def beside(output: str, kind: str) -> str:
    """The folder for what a node keeps from one attempt to the next.

    It lies beside its outputs, which are other folders each time, unless `ROOT` names another.

    Args:
        output: URI of one of the node's outputs.
        kind: of what is kept.
    """
    node = output.rsplit("/", 2)[0]
    return os.environ.get(ROOT) or f"{node}/.system/{kind}"


class Checkpoints(keras.callbacks.Callback):
    """Saves while `fit` runs, and lets it go on from what was saved; to be the last callback.

    Attributes:
        position: number of training steps done.
    """

    def __init__(
        self,
        store: Store,
        steps_an_epoch: int,
        total: int,
        *,
        every_steps: int | None,
        every_minutes: float | None,
        writes: bool = True,
        stopping: keras.callbacks.EarlyStopping | None = None,
        flush: Sequence[Callable[[], None]] = (),
        asked: Callable[[], bool] = lambda: False,
    ):
        """`restore` has to be called before `fit`.

        Args:
            store: where checkpoints are.
            steps_an_epoch: training steps in an epoch.
            total: training steps in all; `fit` is stopped there.
            every_steps: steps between checkpoints.
            every_minutes: minutes between checkpoints.
            writes: whether this process is the one that saves.
            stopping: the early stopping whose state belongs to the training's.
            flush: called before each save, for others to keep what they have of this step.
            asked: whether to save and end now.
        """
        super().__init__()
        self.store = store
        self.steps_an_epoch = steps_an_epoch
        self.total = total
        self.every_steps = every_steps
        self.every_seconds = every_minutes and every_minutes * 60
        self.writes = writes
        self.stopping = stopping
        self.flush = flush
        self.asked = asked
        self.position = 0
        self._found: Checkpoint | None = None
        self._saved_at = time.monotonic()
        self._due = False

    def restore(self, model: keras.Model) -> None:
        """Puts the newest checkpoint's weights and optimizer state into the model, if there is one.

        Raises:
            CheckpointError: it belongs to another training.
        """
        self._found = self.store.latest()
        if self._found is None:
            return
        self.position = self._found.step
        _assign("model", model.variables, self._found)
        _assign("optimizer", model.optimizer.variables, self._found)
        logging.info("going on after step %d, from %s", self.position, self.store.folder)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Passes over the steps of the first epoch that were done before."""
        self._saved_at = time.monotonic()
        if self._found is None:
            return
        self._restore_stopping(self._found)
        left = self.position % self.steps_an_epoch
        if left:
            self.model.train_function = self._passing_over(left, self.model.train_function)

    def _passing_over(self, left: int, train: Callable) -> Callable:
        found, self.position = self._found, self.position - left

        def function(iterator: Any) -> dict[str, Any]:
            nonlocal left
            if not left:
                return train(iterator)
            left -= 1
            if not left:
                _assign("metric", self.model.metrics_variables, found)
            return {}

        return function

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Counts, stops at the end, and saves where it is time.

        Raises:
            PreemptedError: it was asked to end, and all steps that were done are saved.
        """
        self.position += 1
        if self.position >= self.total:
            self.model.stop_training = True
            return
        if self._found is not None and self.position <= self._found.step:
            self._leave_if_asked()
            return
        self._due = self._due or self._is_due() or self.asked()
        # At an epoch's end validation comes first: early stopping has to have seen it.
        if self._due and self.position % self.steps_an_epoch:
            self._save()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Saves what was due at the epoch's last step, unless this was the last epoch."""
        if self._due and not self.model.stop_training:
            self._save()

    def _is_due(self) -> bool:
        if self.every_steps and self.position % self.every_steps == 0:
            return True
        waited = time.monotonic() - self._saved_at
        return self.every_seconds is not None and waited >= self.every_seconds

    def _save(self) -> None:
        self._due = False
        model = self.model
        arrays = {
            **_values("model", model.variables),
            **_values("optimizer", model.optimizer.variables),
            **_values("metric", model.metrics_variables),
        }
        state = {}
        if self.stopping is not None:
            best = self.stopping.best_weights or []
            arrays |= {f"best/{n}": np.asarray(array) for n, array in enumerate(best)}
            state = {name: _plain(getattr(self.stopping, name)) for name in STOPPING}
        for flush in self.flush:
            flush()
        if self.writes:
            self.store.save(self.position, {"step": self.position, "stopping": state}, arrays)
        self._saved_at = time.monotonic()
        self._leave_if_asked()

    def _leave_if_asked(self) -> None:
        if self.asked():
            raise PreemptedError

    def _restore_stopping(self, found: Checkpoint) -> None:
        if self.stopping is None:
            return
        for name, value in found.meta["stopping"].items():
            setattr(self.stopping, name, value)
        best = [name for name in found.arrays if name.startswith("best/")]
        self.stopping.best_weights = [found.arrays[f"best/{n}"] for n in range(len(best))] or None


def _values(kind: str, variables: Sequence[Any]) -> dict[str, np.ndarray]:
    arrays = map(keras.ops.convert_to_numpy, variables)
    return {f"{kind}/{n}": np.asarray(array) for n, array in enumerate(arrays)}


def _assign(kind: str, variables: Sequence[Any], found: Checkpoint | None) -> None:
    for number, variable in enumerate(variables):
        variable.assign(found.arrays[f"{kind}/{number}"])


def _plain(value: Any) -> Any:
    return value if value is None else float(value) if isinstance(value, np.floating) else value
