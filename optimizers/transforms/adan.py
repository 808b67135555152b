"""Adan: adaptive Nesterov momentum, from gradients and their differences."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Slot, Transform, register
from tfx_updaters.optimizers.transforms.adam import unbiased


@register("scale_by_adan")
@dataclass(frozen=True)
class ScaleByAdan(Transform):
    """(m + beta2 * d) / (sqrt(n) + eps), with the running means of the update and its change.

    m is the mean of the update, d of its difference to the last one, n of the square of
    update + beta2 * difference; all three unbiased, as in the authors' code. The betas are the
    shares that are kept (the paper's text has 1 - beta). optax multiplies the difference by
    1 - beta2, which is the paper's formula with the code's betas: the two agree at 0.5 only.

    When: as Adam, at larger rates.

    Reference: X. Xie et al., Adan: Adaptive Nesterov Momentum Algorithm (2022), algorithm 1.
    """

    momentum_slot = "mean"

    beta1: Rule = hyper(Range(0, 1), "share of the mean that is kept", 0.98)
    beta2: Rule = hyper(Range(0, 1), "share of the mean difference that is kept", 0.92)
    beta3: Rule = hyper(Range(0, 1), "share of the mean square that is kept", 0.99)
    eps: float = hyper(Range(0, open_low=True, rule=False), "added to the root", 1e-8)

    def slots(self):
        """The three running means, and the last update."""
        return {"mean": Slot(), "difference": Slot(), "square": Slot(), "last": Slot()}

    def update(self, update, context):
        """(m + beta2 * d) / (sqrt(n) + eps)."""
        values, slots = context.values, context.slots
        beta1, beta2, beta3 = values["beta1"], values["beta2"], values["beta3"]
        difference = ops.where(
            ops.equal(context.step, 0), ops.zeros_like(update), update - slots["last"]
        )
        ahead = update + beta2 * difference
        slots["mean"] = beta1 * slots["mean"] + (1 - beta1) * update
        slots["difference"] = beta2 * slots["difference"] + (1 - beta2) * difference
        slots["square"] = beta3 * slots["square"] + (1 - beta3) * ops.square(ahead)
        slots["last"] = update
        mean = unbiased(slots["mean"], beta1, context)
        change = unbiased(slots["difference"], beta2, context)
        root = ops.sqrt(unbiased(slots["square"], beta3, context))
        return (mean + beta2 * change) / (root + self.eps)
