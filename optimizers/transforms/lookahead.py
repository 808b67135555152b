"""Lookahead: every few steps the weights go back part of the way, to a slow copy."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, Whole, hyper
from tfx_updaters.optimizers.transform import Slot, Transform, register


@register("lookahead")
@dataclass(frozen=True)
class Lookahead(Transform):
    """Every `period` steps: slow <- slow + share * (weights - slow); weights <- slow.

    It works on the step, after the learning rate. What comes before it keeps its state (the
    paper's 'maintain').

    When: an inner optimizer that oscillates; less sensitive to the rate.

    Reference: M. Zhang et al., Lookahead Optimizer: k steps forward, 1 step back (2019),
    algorithm 1.
    """

    on_step = True

    period: int = hyper(Whole(1), "steps between two synchronisations", 5)
    share: float = hyper(
        Range(0, 1, open_low=True, open_high=False, rule=False), "of the way that is kept", 0.5
    )

    def slots(self):
        """The slow weights."""
        return {"slow": Slot(copy=True)}

    def update(self, update, context):
        """The step, or the way to the slow weights when a period ends."""
        ends = ops.equal(ops.mod(context.step + 1, self.period), 0)
        slow = context.slots["slow"]
        following = slow + self.share * (context.variable - update - slow)
        context.slots["slow"] = ops.where(ends, following, slow)
        return ops.where(ends, context.variable - following, update)
