"""`Dynamics`: a Keras callback that records what each update did, layer by layer."""

import os
from pathlib import Path
from typing import Any

import keras

from tfx_updaters.components.errors import DynamicsError
from tfx_updaters.components.trainer.journal import Journal
from tfx_updaters.components.trainer.recorder import Recorder
from tfx_updaters.components.trainer.train_function import TrainFunction


class Dynamics(keras.callbacks.Callback):
    """Records the dynamics of a training: norms, ratios and cosines of its updates, by layer.

    Any model and optimizer, on TensorFlow; the training itself stays what it is, bit for bit if
    it is not compiled with XLA. Two copies of the trained weights are kept in memory. The steps
    between those that are due run as they would without it.

    A statistic that cannot be computed at a step has no row: a cosine at the first step, a
    quotient by zero, the gradient of an optimizer that the model does not know of.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        every: int = 10,
        parts: str | os.PathLike | None = None,
    ):
        """Writes event files of TensorBoard and `dynamics.parquet`, which `read_dynamics` reads.

        Args:
            folder: for the files; one that has a record already goes on with it, but for the
                rows of steps after those that the optimizer has done.
            every: steps from one that is recorded to the next.
            parts: folder for what is recorded while training runs, and kept then; by default
                one in `folder`, removed when `dynamics.parquet` is made.

        Raises:
            DynamicsError: `every` is no positive integer, or Keras runs on another backend.
        """
        super().__init__()
        if not isinstance(every, int) or isinstance(every, bool) or every < 1:
            raise DynamicsError(f"every: received {every!r}; an integer from 1 on is allowed")
        if keras.backend.backend() != "tensorflow":
            backend = keras.backend.backend()
            raise DynamicsError(f"Keras runs on {backend}; dynamics need TensorFlow")
        self._every = every
        self._journal = Journal(Path(folder), None if parts is None else Path(parts))
        self._function: TrainFunction | None = None
        self._recorder: Recorder | None = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Puts a second, watched train function beside the model's own.

        Raises:
            DynamicsError: no optimizer of Keras, or another `Dynamics` records the fit.
        """
        model: Any = self.model
        if not isinstance(model.optimizer, keras.optimizers.Optimizer):
            found = type(model.optimizer).__name__
            raise DynamicsError(f"the model's optimizer is {found}; one of Keras' is needed")
        if isinstance(model.train_function, TrainFunction):
            if not model.train_function.left_over:
                raise DynamicsError("received two Dynamics for one fit; one is allowed")
            model.train_function.remove()
        self._journal.on = model.distribute_strategy.extended.should_save_summary
        if self._function is not None and self._function.plain is model.train_function:
            self._function.install()
        else:
            if self._recorder is not None:
                self._recorder.settle()
            self._recorder = Recorder(model, self._every, self._journal)
            self._function = TrainFunction(model, self._recorder)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """The steps are counted anew: a callback may have restored the optimizer."""
        if self._function is not None:
            self._function.recount()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Gives the model its train function back, and makes one file of the parts."""
        if self._function is not None and self._recorder is not None:
            self._function.remove()
            # Counts the steps: there may have been none.
            self._recorder.begin()
            self._journal.finish()

    def flush(self) -> None:
        """Writes what was recorded since the last flush as one part, whole or not at all.

        Call it before a checkpoint is written: a training that goes on from this one, with the
        same `parts`, then has the record of an undisturbed one.
        """
        if self._recorder is not None:
            self._recorder.settle()
            self._recorder.keep_update()
        self._journal.flush()
