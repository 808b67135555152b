"""Scaling by running moments: Adam, and diffGrad, which adds a friction to it."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Flag, Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Fused, Slot, Transform, register


def unbiased(moment, beta, context):
    """moment / (1 - beta ** t), t the number of this step from 1: its start at 0 corrected."""
    return moment / context.once(_correction, beta, context.step, moment.dtype)


def _power(beta, step):
    return ops.power(ops.cast(beta, "float32"), ops.cast(step + 1, "float32"))


def _correction(beta, step, dtype):
    return ops.cast(1 - _power(beta, step), dtype)


def _epsilon(eps, beta2, step):
    return eps * ops.sqrt(1 - _power(beta2, step))


def _corrections(beta1, beta2, eps, step, dtype):
    """f and e in m / c1 / (sqrt(v / c2) + eps) = f * m / (sqrt(v) + e), c the corrections."""
    factor = ops.sqrt(1 - _power(beta2, step)) / (1 - _power(beta1, step))
    return ops.cast(factor, dtype), ops.cast(_epsilon(eps, beta2, step), dtype)


def _next(step):
    return step + 1


@register("scale_by_adam")
@dataclass(frozen=True)
class ScaleByAdam(Transform):
    """m / (sqrt(v) + eps), m and v the running means of the update and of its square, unbiased.

    AdamW is this, then `AddDecayedWeights`. `eps` is added after the correction, as in the paper
    and in PyTorch; Keras adds it before, and so has a larger one early on. Nesterov's form has a
    constant beta1, as in optax; Keras and PyTorch warm it up (Dozat's schedule).

    When: gradients differ much in size between layers; sparse or noisy gradients.

    Reference: D. Kingma and J. Ba, Adam (2015), algorithm 1; Nesterov's form T. Dozat (2016).
    """

    momentum_slot = "mean"

    beta1: Rule = hyper(Range(0, 1), "share of the mean that is kept", 0.9)
    beta2: Rule = hyper(Range(0, 1), "share of the mean square that is kept", 0.999)
    eps: float = hyper(Range(0, open_low=True, rule=False), "added to the root", 1e-8)
    nesterov: bool = hyper(Flag(), "look one step ahead", False)

    def slots(self):
        """The two running means."""
        return {"mean": Slot(), "square": Slot()}

    def update(self, update, context):
        """The unbiased mean over the root of the unbiased mean square."""
        beta1, beta2 = context.values["beta1"], context.values["beta2"]
        mean = beta1 * context.slots["mean"] + (1 - beta1) * update
        square = beta2 * context.slots["square"] + (1 - beta2) * ops.square(update)
        context.slots["mean"], context.slots["square"] = mean, square
        step, dtype = context.step, mean.dtype
        if not self.nesterov:
            factor, eps = context.once(_corrections, beta1, beta2, self.eps, step, dtype)
            return factor * mean / (ops.sqrt(square) + eps)
        following = context.once(_correction, beta1, context.once(_next, step), dtype)
        ahead = beta1 * (mean / following) + (1 - beta1) * unbiased(update, beta1, context)
        return ahead / (ops.sqrt(unbiased(square, beta2, context)) + self.eps)

    def fused(self, context):
        """TensorFlow's Adam; it adds epsilon before the correction, which is taken out here."""
        if self.nesterov:
            return None
        beta1, beta2 = context.values["beta1"], context.values["beta2"]
        numbers = {
            "beta1": beta1,
            "beta2": beta2,
            "beta1_power": context.once(_power, beta1, context.step),
            "beta2_power": context.once(_power, beta2, context.step),
            "epsilon": context.once(_epsilon, self.eps, beta2, context.step),
        }
        return Fused("ResourceApplyAdam", {"m": "mean", "v": "square"}, numbers)


@register("scale_by_diffgrad")
@dataclass(frozen=True)
class ScaleByDiffGrad(Transform):
    """Adam, times sigmoid(|update - last update|): less where the gradient hardly changes.

    When: Adam overshoots flat minima.

    Reference: S. Dubey et al., diffGrad: An Optimization Method for Convolutional Neural Networks
    (2019), equations 4 to 6.
    """

    momentum_slot = "mean"

    beta1: Rule = hyper(Range(0, 1), "share of the mean that is kept", 0.9)
    beta2: Rule = hyper(Range(0, 1), "share of the mean square that is kept", 0.999)
    eps: float = hyper(Range(0, open_low=True, rule=False), "added to the root", 1e-8)

    def slots(self):
        """Adam's running means, and the last update."""
        return {"mean": Slot(), "square": Slot(), "last": Slot()}

    def update(self, update, context):
        """Adam's update times the friction."""
        adam = ScaleByAdam(self.beta1, self.beta2, self.eps).update(update, context)
        friction = ops.sigmoid(ops.abs(update - context.slots["last"]))
        context.slots["last"] = update
        return friction * adam
