"""Schedule-free learning: the mean of all iterates instead of a rate that decays."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.transform import Slot, Transform, register


@register("schedule_free")
@dataclass(frozen=True)
class ScheduleFree(Transform):
    """z <- z - step; x <- mean of the z so far; the weights are (1 - beta) * z + beta * x.

    It works on the step, after the learning rate. The gradient is taken at the weights; what is
    to be used in the end is x. Keras puts it in place when `fit` ends, and the next `fit` goes on
    from z and x as if it had not; a validation inside `fit` sees the weights.

    The mean leaves out the start, as the authors' code does. That code and optax weigh an iterate
    by the square of the largest rate so far, which is the same unless the rate rises.

    When: the number of steps is not known in advance. After plain updates it is schedule-free
    SGD, after `ScaleByAdam(beta1=0)` schedule-free Adam.

    Reference: A. Defazio et al., The Road Less Scheduled (2024), equations 6 to 8, with equal
    weights (c = 1/t).
    """

    on_step = True
    final_slot = "x"

    beta: float = hyper(
        Range(0, 1, open_high=False, rule=False), "share of the mean in the weights", 0.9
    )

    def slots(self):
        """The iterates z and their mean x."""
        return {"z": Slot(copy=True), "x": Slot(copy=True)}

    def update(self, update, context):
        """weights - ((1 - beta) * z + beta * x)."""
        z = context.slots["z"] - update
        share = ops.cast(1 / ops.cast(context.step + 1, "float32"), z.dtype)
        x = (1 - share) * context.slots["x"] + share * z
        context.slots["z"], context.slots["x"] = z, x
        return context.variable - ((1 - self.beta) * z + self.beta * x)
