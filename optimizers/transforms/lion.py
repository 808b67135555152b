"""Updates of equal size: the sign, and Lion, the sign of an interpolated momentum."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Slot, Transform, register


def sign(x):
    """-1, 0 or 1 in each component; NaN for NaN, of which torch makes 0."""
    import keras

    if keras.backend.backend() == "torch":
        return ops.where(ops.isnan(x), x, ops.sign(x))
    return ops.sign(x)


@register("sign")
@dataclass(frozen=True)
class Sign(Transform):
    """The sign of each component.

    When: the scale of gradients carries no information; after a `Trace` it is signSGD with
    momentum.

    Reference: J. Bernstein et al., signSGD (2018), algorithm 1.
    """

    def update(self, update, context):
        """-1, 0 or 1 in each component."""
        return sign(update)


@register("scale_by_lion")
@dataclass(frozen=True)
class ScaleByLion(Transform):
    """sign(beta1 * trace + (1 - beta1) * update); trace <- beta2 * trace + (1 - beta2) * update.

    When: large batches; with a rate 3 to 10 times below Adam's and a decay as much above. One
    slot where Adam has two.

    Reference: X. Chen et al., Symbolic Discovery of Optimization Algorithms (2023), algorithm 2.
    """

    momentum_slot = "trace"

    beta1: Rule = hyper(Range(0, 1), "share of the trace in the update", 0.9)
    beta2: Rule = hyper(Range(0, 1), "share of the trace that is kept", 0.99)

    def slots(self):
        """The trace."""
        return {"trace": Slot()}

    def update(self, update, context):
        """The sign of the interpolation."""
        beta1, beta2 = context.values["beta1"], context.values["beta2"]
        trace = context.slots["trace"]
        context.slots["trace"] = beta2 * trace + (1 - beta2) * update
        return sign(beta1 * trace + (1 - beta1) * update)
