"""Weight decay: the weight itself is added to the update."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Transform, register


@register("add_decayed_weights")
@dataclass(frozen=True)
class AddDecayedWeights(Transform):
    """update + rate * variable.

    Where it stands says which decay it is. Before a momentum or a scaling it is *coupled*: the
    gradient of a penalty rate/2 * |variable|^2, as in PyTorch's `SGD(weight_decay)`. At the end
    it is *decoupled*, as in AdamW: the weights shrink by learning_rate * rate a step.

    When: nearly always; with `WeightsOnly` on kernels alone.

    Reference: A. Krogh and J. Hertz, A simple weight decay can improve generalization (1991),
    equation 3; I. Loshchilov and F. Hutter, Decoupled weight decay regularization (2019),
    algorithms 1 and 2.
    """

    rate: Rule = hyper(Range(0), "share of the weight that is added")

    def update(self, update, context):
        """update + rate * variable."""
        return update + self.added(context)

    def added(self, context):
        """rate * variable."""
        return context.values["rate"] * context.variable


@register("cautious_decay")
@dataclass(frozen=True)
class CautiousDecay(Transform):
    """Decay only where the update already moves the weight towards zero.

    When: as the decoupled decay at the end of a chain, where it should not work against the
    update.

    Reference: L. Chen et al., Cautious Weight Decay (2025), algorithm 1.
    """

    rate: Rule = hyper(Range(0), "share of the weight that is added")

    def update(self, update, context):
        """update + rate * variable where update * variable >= 0, else update."""
        agree = ops.greater_equal(update * context.variable, 0)
        decayed = update + context.values["rate"] * context.variable
        return ops.where(agree, decayed, update)
