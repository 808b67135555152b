"""Momentum: a decaying sum of the updates so far."""

from dataclasses import dataclass

from tfx_updaters.optimizers.hyper import Flag, Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Fused, Slot, Transform, register


@register("trace")
@dataclass(frozen=True)
class Trace(Transform):
    """trace <- momentum * trace + (1 - dampening) * update; the trace is the next update.

    The learning rate is applied after it, as in PyTorch: a change of the rate acts on the whole
    trace. Keras' SGD has the rate inside, so the two differ under a schedule. PyTorch takes the
    first update whole, without dampening; here it is damped like the others.

    When: nearly always; per layer where layers differ much in size.

    Reference: B. Polyak (1964), equation 9; Nesterov's form as in I. Sutskever et al., On the
    importance of initialization and momentum in deep learning (2013), section 2.
    """

    momentum_slot = "trace"

    momentum: Rule = hyper(Range(0, 1), "share of the trace that is kept")
    nesterov: bool = hyper(Flag(), "look one step ahead", False)
    dampening: Rule = hyper(Range(0, 1), "share of the update that is left out", 0.0)

    def slots(self):
        """The trace."""
        return {"trace": Slot()}

    def update(self, update, context):
        """The new trace, or update + momentum * new trace with Nesterov."""
        momentum, dampening = context.values["momentum"], context.values["dampening"]
        trace = momentum * context.slots["trace"]
        trace = trace + (update if _is_zero(dampening) else (1 - dampening) * update)
        context.slots["trace"] = trace
        return update + momentum * trace if self.nesterov else trace

    def fused(self, context):
        """TensorFlow's momentum, where nothing is dampened."""
        if not _is_zero(context.values["dampening"]):
            return None
        numbers = {"momentum": context.values["momentum"]}
        flags = {"use_nesterov": self.nesterov}
        return Fused("ResourceApplyMomentum", {"accum": "trace"}, numbers, flags)


def _is_zero(value):
    return isinstance(value, float | int) and value == 0
