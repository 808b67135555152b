"""What one training step lets out: the loss, the gradients, and what the transforms tell."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfx_updaters.components.trainer.movement import square
from tfx_updaters.optimizers import apply
from tfx_updaters.optimizers.chain import ChainedOptimizer

# No norm, share or number of examples is negative: this stands for one that was not seen.
UNSEEN = -1.0
CLIPS = ("clipvalue", "clipnorm", "global_clipnorm")
KERAS_MOMENTA = ("momentums", "_momentums", "_m")


@dataclass(frozen=True)
class Seen:
    """What steps let out, in arrays along steps; `UNSEEN` stands for what they did not.

    Attributes:
        loss: of the batch.
        examples: in it.
        rate: the learning rate; unseen for an optimizer that has several.
        gradients: squared norms by variable: unscaled, accumulated and summed over replicas.
        momenta: squared norms by variable, after the step.
        clipped: by variable the share of components that Keras' own clip made smaller.
        told: what transforms tell, in the order of `Observation.told`.
    """

    loss: np.ndarray
    examples: np.ndarray
    rate: np.ndarray
    gradients: np.ndarray
    momenta: np.ndarray
    clipped: np.ndarray
    told: np.ndarray


def leaves(optimizer: Any) -> list[Any]:
    """The optimizers that update variables: those inside, for one that wraps others."""
    inside = getattr(optimizer, "optimizers", None) or [getattr(optimizer, "inner_optimizer", None)]
    return [optimizer] if inside == [None] else [leaf for o in inside for leaf in leaves(o)]


class Observation:
    """Watches a model's training step while it is traced, and keeps in variables what it computes.

    Attributes:
        variables: those that are trained.
        told: the places in `variables` and the names of what transforms tell.
        clips: whether Keras' own clip is on.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        self._optimizers = leaves(model.optimizer)
        self.variables = list(model.trainable_variables)
        key = self._optimizers[0]._var_key
        self._rows = {key(variable): row for row, variable in enumerate(self.variables)}
        self._tellers = [o for o in self._optimizers if isinstance(o, ChainedOptimizer)]
        self._tells = [(o, told) for o in self._tellers for told in o.tells()]
        self.told = [(self._row(o, told.variable), told) for o, told in self._tells]
        self._momenta = self._find_momenta()
        self.clips = any(map(_clips, self._optimizers))
        # Each replica has a thread of its own.
        self._before_clip = threading.local()
        with model.distribute_strategy.scope():
            self._loss = _kept(2)
            self._gradients = _kept(len(self.variables) + 1)
            self._clipped = _kept(len(self.variables) if self.clips else 0)
            self._told = _kept(len(self.told))

    def read(self) -> Any:
        """What the last step that was watched let out, in a graph: a vector."""
        momenta = [UNSEEN if m is None else square(apply.read(m)) for m in self._momenta]
        kept = (self._loss, self._gradients, self._clipped, self._told)
        return tf.concat([*(variable.read_value() for variable in kept), tf.stack(momenta)], 0)

    def seen(self, vectors: np.ndarray) -> "Seen":
        """What `read` gave at several steps, steps x its size, part by part."""
        count, clipped = len(self.variables), len(self.variables) if self.clips else 0
        ends = np.cumsum([2, count, 1, clipped, len(self.told)])
        loss, gradients, rate, clip, told, momenta = np.split(vectors, ends, axis=1)
        if not self.clips:
            clip = np.full_like(gradients, UNSEEN)
        return Seen(loss[:, 0], loss[:, 1], rate[:, 0], gradients, momenta, clip, told)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watches the steps that are traced, or run eagerly, inside."""
        hooks: list[tuple[Any, str, Callable]] = [(self._model, "compute_loss", self._see_loss)]
        for optimizer in self._optimizers:
            hooks.append((optimizer, "_all_reduce_sum_gradients", self._seer(optimizer)))
            if _clips(optimizer):
                hooks.append((optimizer, "_clip_gradients", self._see_before_clip))
        for optimizer in self._tellers:
            hooks.append((optimizer, "listener", self._hearer(optimizer)))
        with replaced(hooks):
            yield

    def _row(self, optimizer: Any, index: int) -> int | None:
        return self._rows.get(optimizer._var_key(optimizer._trainable_variables[index]))

    def _find_momenta(self) -> list[Any]:
        """Each variable's momentum, or None."""
        found: list[Any] = [None] * len(self.variables)
        for optimizer in self._optimizers:
            for index, variable in enumerate(optimizer._trainable_variables):
                row = self._row(optimizer, index)
                if row is not None:
                    found[row] = _momentum(optimizer, variable, index)
        return found

    def _see_loss(self, compute_loss: Callable) -> Callable:
        def seen(*arguments: Any, **keywords: Any) -> Any:
            loss = compute_loss(*arguments, **keywords)
            examples = _examples([*arguments, *keywords.values()])
            both = tf.stack([tf.cast(loss, tf.float32), tf.cast(examples, tf.float32)])
            self._loss.assign(_sum_over_replicas(tf.stop_gradient(both)))
            return loss

        return seen

    def _see_before_clip(self, clip: Callable) -> Callable:
        def seen(gradients: Sequence[Any]) -> Any:
            clipped = clip(gradients)
            self._before_clip.gradients = list(zip(gradients, clipped, strict=True))
            return clipped

        return seen

    def _seer(self, optimizer: Any) -> Callable:
        def seeing(reduce: Callable) -> Callable:
            def seen(pairs: Any) -> Any:
                pairs = list(pairs)
                before = getattr(self._before_clip, "gradients", None)
                self._before_clip.gradients = None
                reduced = reduce(pairs)
                if before is None:
                    self._see_gradients(optimizer, reduced)
                else:
                    self._see_clip(optimizer, before, pairs)
                    whole = [(g, v) for (g, _), (_, v) in zip(before, pairs, strict=True)]
                    self._see_gradients(optimizer, reduce(whole))
                return reduced

            return seen

        return seeing

    def _see_gradients(self, optimizer: Any, pairs: Sequence[tuple[Any, Any]]) -> None:
        squares = {
            self._rows.get(optimizer._var_key(v)): square(tf.convert_to_tensor(g))
            for g, v in pairs
            if g is not None
        }
        if len(self._optimizers) == 1:
            squares[len(self.variables)] = tf.cast(optimizer.learning_rate, tf.float32)
        _keep(self._gradients, squares)

    def _see_clip(self, optimizer: Any, before: Sequence[Any], pairs: Sequence[Any]) -> None:
        shares = {
            self._rows.get(optimizer._var_key(variable)): _share_shortened(*both)
            for both, (_, variable) in zip(before, pairs, strict=True)
            if both[0] is not None
        }
        _keep(self._clipped, shares)

    def _hearer(self, optimizer: Any) -> Callable:
        def hear(told: Mapping[Any, Any]) -> None:
            values = {
                place: tf.cast(told[key], tf.float32)
                for place, (teller, key) in enumerate(self._tells)
                if teller is optimizer and key in told
            }
            if values:
                _keep(self._told, values)

        return lambda _: hear


def _kept(size: int) -> tf.Variable:
    """A vector that each replica may assign, and whose value is the first one's."""
    return tf.Variable(
        tf.fill([size], UNSEEN),
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )


def _keep(kept: tf.Variable, values: Mapping[Any, Any]) -> None:
    """Assigns by place; those that have no value stay as they are."""
    places = range(kept.shape.num_elements() or 0)
    if any(place not in values for place in places):
        values = {**dict(enumerate(tf.unstack(kept.read_value(), len(places)))), **values}
    kept.assign(tf.stack([values[place] for place in places]))


@contextlib.contextmanager
def replaced(hooks: Sequence[tuple[Any, str, Callable[[Any], Any]]]) -> Iterator[None]:
    """Attributes of these instances are wrap(attribute) inside: (instance, name, wrap).

    They are set past `__setattr__`, with which Keras would track them.
    """
    missing = object()
    old = [vars(thing).get(name, missing) for thing, name, _ in hooks]
    for thing, name, wrap in hooks:
        vars(thing)[name] = wrap(getattr(thing, name))
    try:
        yield
    finally:
        for (thing, name, _), value in zip(hooks, old, strict=True):
            if value is missing:
                del vars(thing)[name]
            else:
                vars(thing)[name] = value


def _clips(optimizer: Any) -> bool:
    return any(getattr(optimizer, name, None) is not None for name in CLIPS)


def _momentum(optimizer: Any, variable: Any, index: int) -> Any:
    """A chain's own, or what Keras' optimizers have under one of a few names."""
    if isinstance(optimizer, ChainedOptimizer):
        return optimizer.momentum(variable)
    for name in KERAS_MOMENTA:
        slots = getattr(optimizer, name, None)
        if isinstance(slots, list) and index < len(slots):
            return slots[index]
    return None


def _examples(arguments: Sequence[Any]) -> Any:
    """The length of the first axis of the first tensor that has one."""
    for tensor in keras.tree.flatten(arguments):
        if tf.is_tensor(tensor) and tensor.shape.rank != 0:
            return tf.shape(tensor)[0]
    return tf.constant(UNSEEN)


def _sum_over_replicas(x: Any) -> Any:
    context = tf.distribute.get_replica_context()
    return x if context is None else context.all_reduce(tf.distribute.ReduceOp.SUM, x)


def _share_shortened(before: Any, after: Any) -> Any:
    """The share of components that are smaller after; the mean of the replicas'."""
    before, after = tf.convert_to_tensor(before), tf.convert_to_tensor(after)
    # A clip by norm that does nothing multiplies by a number and divides by it.
    shorter = tf.abs(after) < tf.abs(before) * (1 - 1e-6)
    share = tf.reduce_mean(tf.cast(shorter, tf.float32))
    context = tf.distribute.get_replica_context()
    return share if context is None else context.all_reduce(tf.distribute.ReduceOp.MEAN, share)
