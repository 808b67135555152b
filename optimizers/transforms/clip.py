"""Element-wise clip: no component of the update is larger than a bound."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Transform, register
from tfx_updaters.optimizers.transforms.norms import clipped


@register("clip")
@dataclass(frozen=True)
class Clip(Transform):
    """Limits each component to [-max_abs, max_abs]; a NaN stays one.

    When: single components spike (outliers in the data) while the rest is of use. It changes the
    direction of the update, which a clip by norm does not.

    Reference: R. Pascanu et al., On the difficulty of training recurrent neural networks
    (2013), section 3.2, after T. Mikolov's element-wise variant.
    """

    tells = ("clipped",)

    max_abs: Rule = hyper(Range(0, open_low=True), "largest magnitude of a component")

    def update(self, update, context):
        """min(max(update, -max_abs), max_abs), in each component."""
        limit = context.values["max_abs"]
        return ops.clip(update, -limit, limit)

    def tell(self, update, following, context):
        """The share of components that were larger."""
        return clipped(update, following)
