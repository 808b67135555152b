"""A factor on the update: by layer a learning rate of its own, and 0 for a frozen one."""

from dataclasses import dataclass

from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Transform, register


@register("scale")
@dataclass(frozen=True)
class Scale(Transform):
    """update * factor.

    When: layers need rates of their own (`LayerDecay`), or none (`Frozen`); at the end of a
    chain, so that what comes before is scaled too.

    Reference: J. Howard and S. Ruder, ULMFiT (2018), section 3.2, for a rate by depth.
    """

    factor: Rule = hyper(Range(0), "of the update")

    def update(self, update, context):
        """update * factor."""
        return update * context.values["factor"]
