"""A model's train function that runs most steps as they are, and watches some."""

import enum
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import keras
import tensorflow as tf

ENDED = (StopIteration, tf.errors.OutOfRangeError)


class Look(enum.IntEnum):
    """What is wanted of a step."""

    NOTHING = 0
    WEIGHTS = 1
    ALL = 2


class Observer(Protocol):
    """Who watches the steps of a model."""

    def begin(self) -> int | None:
        """Called before a step, if it is not known how many there were; says it, if it can."""
        ...

    def look(self, count: int) -> Look:
        """What is wanted of a step after which `count` were done."""
        ...

    def watching(self) -> AbstractContextManager[None]:
        """Around a step that is watched: it is traced inside."""
        ...

    def after(self, look: Look, logs: Any) -> int:
        """Called after a step of which something is wanted; says how many there were."""
        ...


class TrainFunction:
    """Put in the place of `model.train_function`, it runs it, or a second one that is watched.

    Steps of which nothing is wanted cost nothing. One of which something is wanted is run alone,
    also where Keras runs several at once (`steps_per_execution`).
    """

    def __init__(self, model: keras.Model, observer: Observer):
        self.plain: Any = model.train_function
        self._model = model
        self._observer = observer
        self._watched = self._made()
        self._count: int | None = None
        self.install()

    def install(self) -> None:
        """Takes the plain function's place, for the fit that begins."""
        self._history = self._model.history
        self._count = None
        self._model.train_function = self

    def remove(self) -> None:
        """Gives the place back."""
        if self._model.train_function is self:
            self._model.train_function = self.plain

    @property
    def left_over(self) -> bool:
        """Whether the fit that it was there for was broken off: there is another one now."""
        return self._history is not self._model.history

    def recount(self) -> None:
        """The next step asks how many there were."""
        self._count = None

    def __call__(self, iterator: Any) -> Any:
        """One or several steps; Keras' logs.

        An error ends the fit: the plain function is then in its place again.
        """
        try:
            return self._run(iterator)
        except ENDED:
            raise
        except BaseException:
            self.remove()
            raise

    def _run(self, iterator: Any) -> Any:
        if self.left_over:
            self.remove()
            return self.plain(iterator)
        if self._count is None:
            self._count = self._observer.begin()
        if self._count is None:
            return self.plain(iterator)
        following = range(self._count + 1, self._count + 1 + self._model.steps_per_execution)
        looks = [self._observer.look(count) for count in following]
        if any(looks):
            return self._one_by_one(iterator, looks)
        logs = self.plain(iterator)
        self._count = following[-1]
        return logs

    def _one_by_one(self, iterator: Any, looks: list[Look]) -> Any:
        """The steps of one execution; Keras' logs of the last."""
        if len(looks) == 1:
            return self._one(iterator, looks[0])
        logs = None
        for look in looks:
            batch = iterator.get_next_as_optional()
            if batch.has_value():
                # Of an iterator that is not of `tf.data` Keras takes what is there.
                logs = self._one(iter([batch.get_value()]), look)
        if logs is None:
            raise StopIteration
        return logs

    def _one(self, iterator: Any, look: Look) -> Any:
        if look is Look.ALL:
            with self._observer.watching():
                logs = self._watched(iterator)
        else:
            logs = self.plain(iterator)
        self._count = self._observer.after(look, logs)
        return logs

    def _made(self) -> Callable[[Any], Any]:
        self._model.make_train_function(force=True)
        made: Any = self._model.train_function
        self._model.train_function = self.plain
        return made
