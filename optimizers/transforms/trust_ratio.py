"""Trust ratio: a layer's step in proportion to the layer's weights (LARS, LAMB)."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Transform, register
from tfx_updaters.optimizers.transforms.norms import norm, scaled


@register("scale_by_trust_ratio")
@dataclass(frozen=True)
class ScaleByTrustRatio(Transform):
    """update * coefficient * |variable| / (|update| + eps); unchanged where a norm is 0.

    The update has the decay in it. The paper on LARS adds up |gradient| and rate * |variable|
    instead of taking the norm of their sum, which optax does as here.

    LARS has it after the decay and before the momentum, with a coefficient of 0.001; LAMB after
    Adam and the decay, with 1. Biases and normalization are usually left out: `Where` does.

    When: batches of thousands of examples.

    Reference: Y. You et al., Large Batch Training of Convolutional Networks (2017), algorithm 1;
    Y. You et al., LAMB (2020), algorithm 2.
    """

    coefficient: Rule = hyper(Range(0, open_low=True), "trust", 1.0)
    eps: float = hyper(Range(0, rule=False), "added to the norm of the update", 0.0)

    def update(self, update, context):
        """update * trust ratio."""
        weights, length = norm(context.variable), norm(update)
        either = ops.logical_or(ops.equal(weights, 0), ops.equal(length, 0))
        safe = ops.where(either, 1.0, length + self.eps)
        coefficient = ops.cast(context.values["coefficient"], "float32")
        return scaled(update, ops.where(either, 1.0, coefficient * weights / safe))
