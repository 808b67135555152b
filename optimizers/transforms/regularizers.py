"""Regularizers other than weight decay: sparse weights, and weights that stay near their start."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Slot, Transform, register


@register("l1_proximal")
@dataclass(frozen=True)
class L1Proximal(Transform):
    """The proximal step of rate * |variable|_1: weights that end near zero become exactly zero.

    It works on the step, after the learning rate: what is left of a weight after the step shrinks
    by learning_rate * rate and stops at zero. A subgradient would only make it jitter around
    zero.

    When: a sparse layer is wanted.

    Reference: A. Beck and M. Teboulle, FISTA (2009), equation 1.5 (iterative soft thresholding).
    """

    on_step = True

    rate: Rule = hyper(Range(0), "weight of the L1 penalty")

    def update(self, update, context):
        """variable - soft(variable - step, learning_rate * rate)."""
        limit = ops.cast(context.learning_rate * context.values["rate"], update.dtype)
        following = context.variable - update
        return update + ops.minimum(ops.maximum(following, -limit), limit)


@register("l2_to_start")
@dataclass(frozen=True)
class L2ToStart(Transform):
    """Pulls the weights back to what they were when the optimizer was built (L2-SP).

    When: fine-tuning, so that what the pretrained weights know is not forgotten. Load the weights
    before the first step.

    Reference: X. Li et al., Explicit Inductive Bias for Transfer Learning with Convolutional
    Networks (2018), equation 2.
    """

    rate: Rule = hyper(Range(0), "share of the distance that is added")

    def slots(self):
        """The weights at the start."""
        return {"start": Slot(copy=True)}

    def update(self, update, context):
        """update + rate * (variable - start)."""
        return update + context.values["rate"] * (context.variable - context.slots["start"])
