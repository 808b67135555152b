"""Adaptive gradient clipping (AGC): a unit's update is short against the unit's weights."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Transform, register
from tfx_updaters.optimizers.transforms.norms import clipped, scaled, unit_axes, unit_norms


@register("adaptive_clip")
@dataclass(frozen=True)
class AdaptiveClip(Transform):
    """Limits the norm of each unit's update to a share of the norm of the unit's weights.

    A unit is an index on the last axis of a kernel, all other axes being its inputs; a bias or
    another vector is one unit as a whole, as in the authors' code and in optax. (PyTorch has
    units on the first axis; optax takes a kernel of rank 3 for that of several heads, where here
    it is a convolution's in one dimension.) A weight norm below `eps` counts as `eps`, so that a
    unit that starts at zero can move.

    When: large batches or rates without batch normalization. The paper leaves out the last layer:
    `Where` does.

    Reference: A. Brock et al., High-Performance Large-Scale Image Recognition Without
    Normalization (2021), equation 3.
    """

    tells = ("clipped",)

    clipping: Rule = hyper(Range(0, open_low=True), "largest |update| / |weights| of a unit", 0.01)
    eps: float = hyper(Range(0, open_low=True, rule=False), "smallest norm of weights", 1e-3)

    def update(self, update, context):
        """update * min(1, clipping * max(|w|, eps) / |update|), by unit."""
        clipping = ops.cast(context.values["clipping"], "float32")
        limit = clipping * ops.maximum(unit_norms(context.variable), self.eps)
        length = unit_norms(update)
        return scaled(update, limit / ops.maximum(length, limit))

    def tell(self, update, following, context):
        """The share of units whose update was longer."""
        return clipped(update, following, unit_axes(update))
