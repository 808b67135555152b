"""Momentum: a decaying sum of the updates so far."""

from dataclasses import dataclass

from tfx_updaters.optimizers.hyper import Flag, Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Transform, register


@register("trace")
@dataclass(frozen=True)
class Trace(Transform):
    """trace <- momentum * trace + update; the trace is the next update.

    The learning rate is applied after it, as in PyTorch: a change of the rate acts on the whole
    trace. Keras' SGD has the rate inside, so the two differ under a schedule.

    When: nearly always; per layer where layers differ much in size.

    Reference: B. Polyak (1964), equation 9; Nesterov's form as in I. Sutskever et al., On the
    importance of initialization and momentum in deep learning (2013), section 2.
    """

    slots = ("trace",)

    momentum: Rule = hyper(Range(0, 1), "share of the trace that is kept")
    nesterov: bool = hyper(Flag(), "look one step ahead", False)

    def update(self, update, variable, slots, values):
        """The new trace, or update + momentum * new trace with Nesterov."""
        trace = values["momentum"] * slots["trace"] + update
        following = update + values["momentum"] * trace if self.nesterov else trace
        return following, {"trace": trace}
