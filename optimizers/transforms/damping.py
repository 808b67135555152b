"""Damping of repeated steps, as the article asks for: a step in the same direction is made smaller.

The article: 'dampens updates that are repeatedly in the same direction'.
"""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Slot, Transform, register


@register("damp_repeated")
@dataclass(frozen=True)
class DampRepeated(Transform):
    """Multiplies a component by `factor` where it has the sign of the update before it.

    A component that is zero repeats nothing.

    When: to see what the article's idea does; it is the reverse of a momentum. Rprop (M.
    Riedmiller and H. Braun 1993) does the opposite: it speeds such components up.

    Reference: the article, second paragraph.
    """

    factor: Rule = hyper(
        Range(0, 1, open_high=False), "of a component whose sign stays the same", 0.5
    )

    def slots(self):
        """The sign of the last update."""
        return {"sign": Slot()}

    def update(self, update, context):
        """factor * update where sign(update) == last sign != 0, else update."""
        sign = ops.sign(update)
        repeated = ops.greater(sign * context.slots["sign"], 0)
        context.slots["sign"] = sign
        return ops.where(repeated, context.values["factor"] * update, update)
