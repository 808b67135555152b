"""What one training step lets out: the loss, the gradients, and what the transforms tell."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfx_updaters.components.trainer.movement import square
from tfx_updaters.optimizers import apply
from tfx_updaters.optimizers.chain import ChainedOptimizer

# No norm, share or number of examples is negative: this stands for one that was not seen.
UNSEEN = -1.0
CLIPS = ("clipvalue", "clipnorm", "global_clipnorm")
KERAS_MOMENTA = ("momentums", "_momentums", "_m")


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
            self._loss = _kept([UNSEEN, UNSEEN])
            self._rate = _kept(UNSEEN)
            self._gradients = _kept([UNSEEN] * len(self.variables))
            self._clipped = _kept([UNSEEN] * len(self.variables))
            self._told = _kept([0.0] * len(self.told))

    def read(self) -> dict[str, Any]:
        """What the step let out, in a graph; it is unseen from then on.

        Returns:
            `loss`: of the batch, and its examples; `rate`; by variable `gradients` and `momenta`,
            squared norms, and `clipped`, the share that Keras' own clip changed; `told`, by
            statistic that transforms tell. `UNSEEN` stands for what was not.
        """
        momenta = [UNSEEN if m is None else square(apply.read(m)) for m in self._momenta]
        kept = {
            "loss": self._loss,
            "rate": self._rate,
            "gradients": self._gradients,
            "clipped": self._clipped,
            "told": self._told,
        }
        found = {name: tf.identity(variable.read_value()) for name, variable in kept.items()}
        for variable in kept.values():
            variable.assign(tf.fill(variable.shape, UNSEEN))
        return {**found, "momenta": tf.stack(momenta)}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watches the steps that are traced, or run eagerly, inside."""
        with contextlib.ExitStack() as stack:
            replace = lambda *what: stack.enter_context(replaced(*what))  # noqa: E731
            replace(self._model, "compute_loss", self._see_loss)
            for optimizer in self._optimizers:
                replace(optimizer, "_all_reduce_sum_gradients", self._seer(optimizer))
                if _clips(optimizer):
                    replace(optimizer, "_clip_gradients", self._see_before_clip)
            for optimizer in self._tellers:
                listen = lambda told, o=optimizer: self._hear(o, told)  # noqa: E731
                replace(optimizer, "listener", lambda _, listen=listen: listen)
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
        self._keep(self._gradients, squares)
        if len(self._optimizers) == 1:
            self._rate.assign(tf.cast(optimizer.learning_rate, tf.float32))

    def _see_clip(self, optimizer: Any, before: Sequence[Any], pairs: Sequence[Any]) -> None:
        shares = {
            self._rows.get(optimizer._var_key(variable)): _share_shortened(*both)
            for both, (_, variable) in zip(before, pairs, strict=True)
            if both[0] is not None
        }
        self._keep(self._clipped, shares)

    def _keep(self, kept: Any, values: dict[int | None, Any]) -> None:
        """Assigns by row; rows that have no value keep theirs."""
        old = kept.read_value()
        rows = range(len(self.variables))
        kept.assign(tf.stack([values.get(row, old[row]) for row in rows]))

    def _hear(self, optimizer: Any, told: Any) -> None:
        old = self._told.read_value()
        values = [
            tf.cast(told[key], tf.float32) if teller is optimizer and key in told else old[place]
            for place, (teller, key) in enumerate(self._tells)
        ]
        if values:
            self._told.assign(tf.stack(values))


def _kept(initial: Any) -> tf.Variable:
    """A variable that each replica may assign, and whose value is the first one's."""
    return tf.Variable(
        tf.constant(initial, tf.float32),
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )


@contextlib.contextmanager
def replaced(thing: Any, name: str, wrap: Callable[[Any], Any]) -> Iterator[None]:
    """The thing's attribute is wrap(attribute) inside, on this instance alone.

    It is set past `__setattr__`, with which Keras would track it.
    """
    own = vars(thing)
    missing = object()
    old = own.get(name, missing)
    own[name] = wrap(getattr(thing, name))
    try:
        yield
    finally:
        if old is missing:
            del own[name]
        else:
            own[name] = old


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
