"""Clips by norm: a variable's update, or all updates together, are no longer than a bound."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Transform, register
from tfx_updaters.optimizers.transforms.norms import clipped, global_norm, norm, scaled


def shortened(update, length, limit):
    """The update times limit / length, where it is longer than the limit."""
    return scaled(update, limit / ops.maximum(length, limit))


@register("clip_by_norm")
@dataclass(frozen=True)
class ClipByNorm(Transform):
    """Scales a variable's update down to a Euclidean norm of at most `max_norm`.

    When: single layers explode, and the directions are to be kept layer by layer.

    Reference: R. Pascanu et al. (2013), algorithm 1, per variable.
    """

    tells = ("clipped",)

    max_norm: Rule = hyper(Range(0, open_low=True), "largest norm of a variable's update")

    def update(self, update, context):
        """update * max_norm / max(|update|, max_norm)."""
        limit = ops.cast(context.values["max_norm"], "float32")
        return shortened(update, norm(update), limit)

    def tell(self, update, following, context):
        """1 if the update was longer, else 0."""
        return clipped(update, following, axes=None)


@register("clip_by_global_norm")
@dataclass(frozen=True)
class ClipByGlobalNorm(Transform):
    """Scales all updates down by one factor, to a common norm of at most `max_norm`.

    When: the whole gradient spikes now and then; the direction is kept. The standard clip of
    recurrent nets and transformers.

    Reference: R. Pascanu et al. (2013), algorithm 1.
    """

    tells = ("clipped",)

    max_norm: float = hyper(Range(0, open_low=True, rule=False), "largest norm of all updates")

    def update_all(self, updates, contexts, shared):
        """Each update * max_norm / max(global norm, max_norm)."""
        length = global_norm(updates)
        return [shortened(update, length, self.max_norm) for update in updates]

    def tell(self, update, following, context):
        """1 if all updates together were longer, else 0."""
        return clipped(update, following, axes=None)
