"""Torque-aware momentum: an update that turns against the trace counts for less."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Slot, Transform, register
from tfx_updaters.optimizers.transforms.norms import dot, norm, scaled


@register("torque_aware_trace")
@dataclass(frozen=True)
class TorqueAwareTrace(Transform):
    """trace <- momentum * trace + (eps + (1 + s)/2) * update, s the smoothed cosine of the two.

    The cosine between a variable's trace and its update is smoothed over the steps; it is 0 while
    one of the two is zero.

    When: noisy or inconsistent gradients (small batches, shifting data) pull the momentum about.

    Reference: P. Malviya et al., Torque-Aware Momentum (2024), equations 2 to 4.
    """

    momentum_slot = "trace"

    momentum: Rule = hyper(Range(0, 1), "share of the trace that is kept", 0.9)
    smoothing: float = hyper(Range(0, 1, rule=False), "share of the cosine that is kept", 0.9)
    eps: float = hyper(Range(0, rule=False), "what an opposite update still counts", 1e-8)

    def slots(self):
        """The trace and the smoothed cosine."""
        return {"trace": Slot(), "cosine": Slot(())}

    def update(self, update, context):
        """The new trace."""
        trace = context.slots["trace"]
        lengths = norm(trace) * norm(update)
        cosine = ops.where(
            ops.greater(lengths, 0), dot(trace, update) / ops.maximum(lengths, 1e-30), 0.0
        )
        kept = ops.cast(context.slots["cosine"], "float32")
        smoothed = self.smoothing * kept + (1 - self.smoothing) * cosine
        context.slots["cosine"] = ops.cast(smoothed, trace.dtype)
        trace = context.values["momentum"] * trace + scaled(update, self.eps + (1 + smoothed) / 2)
        context.slots["trace"] = trace
        return trace
