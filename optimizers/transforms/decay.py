"""Coupled weight decay: the weight itself is added to the update."""

from dataclasses import dataclass

from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Transform, register


@register("add_decayed_weights")
@dataclass(frozen=True)
class AddDecayedWeights(Transform):
    """update + rate * variable, as an L2 penalty of rate/2 * |variable|^2 in the loss would.

    When: the classic decay of SGD; before a momentum it is PyTorch's `SGD(weight_decay)`. Keras'
    own `weight_decay` is the decoupled one (Loshchilov & Hutter 2019) and comes after.

    Reference: A. Krogh and J. Hertz, A simple weight decay can improve generalization
    (1991), equation 3.
    """

    rate: Rule = hyper(Range(0), "share of the weight that is added")

    def update(self, update, variable, slots, values):
        """update + rate * variable."""
        return update + values["rate"] * variable, {}
