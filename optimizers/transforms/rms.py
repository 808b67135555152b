"""Scaling by the root of a running mean square."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Flag, Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Slot, Transform, register


@register("scale_by_rms")
@dataclass(frozen=True)
class ScaleByRms(Transform):
    """update / sqrt(v + eps), v the running mean square, or the running variance if centred.

    `eps` is inside the root, as in Keras and optax; PyTorch adds its own to the root.

    When: as Adam, without its momentum; a `Trace` after it adds one.

    Reference: T. Hinton, Neural Networks for Machine Learning, lecture 6e (2012); centred: A.
    Graves, Generating Sequences with Recurrent Neural Networks (2013), equations 38 to 41.
    """

    decay: Rule = hyper(Range(0, 1), "share of the mean square that is kept", 0.9)
    eps: float = hyper(Range(0, open_low=True, rule=False), "added to the mean square", 1e-7)
    centered: bool = hyper(Flag(), "divide by the deviation from the running mean", False)

    def slots(self):
        """The running mean square, and the running mean if centred."""
        return {"square": Slot(), **({"mean": Slot()} if self.centered else {})}

    def update(self, update, context):
        """update / sqrt(v + eps)."""
        decay = context.values["decay"]
        square = decay * context.slots["square"] + (1 - decay) * ops.square(update)
        context.slots["square"] = square
        if self.centered:
            mean = decay * context.slots["mean"] + (1 - decay) * update
            context.slots["mean"] = mean
            square = ops.maximum(square - ops.square(mean), 0)
        return update * ops.rsqrt(square + self.eps)
