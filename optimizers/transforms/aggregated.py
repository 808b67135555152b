"""Aggregated momentum (AggMo): the mean of several traces, fast ones and slow ones."""

from dataclasses import dataclass

from tfx_updaters.optimizers.hyper import Range, Several, hyper
from tfx_updaters.optimizers.transform import Slot, Transform, register


@register("aggregated_trace")
@dataclass(frozen=True)
class AggregatedTrace(Transform):
    """trace_i <- momentum_i * trace_i + update; the next update is the mean of the traces.

    When: a momentum near 1 is wanted without its oscillations: the fast traces damp them.

    Reference: J. Lucas et al., Aggregated Momentum: Stability Through Passive Damping (2019),
    equation 4.
    """

    momenta: tuple[float, ...] = hyper(
        Several(Range(0, 1, rule=False)), "one for each trace", (0.0, 0.9, 0.99)
    )

    def slots(self):
        """A trace for each momentum."""
        return {f"trace{i}": Slot() for i in range(len(self.momenta))}

    def update(self, update, context):
        """The mean of the new traces."""
        total = 0.0
        for i, momentum in enumerate(self.momenta):
            trace = momentum * context.slots[f"trace{i}"] + update
            context.slots[f"trace{i}"] = trace
            total = total + trace
        return total / len(self.momenta)
