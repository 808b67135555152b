"""Scaling by running moments: Adam, and diffGrad, which adds a friction to it."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Flag, Range, hyper
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transform import Slot, Transform, register


def unbiased(moment, beta, context):
    """moment / (1 - beta ** t), t the number of this step from 1: its start at 0 corrected."""
    t = ops.cast(context.step + 1, "float32")
    correction = 1 - ops.power(ops.cast(beta, "float32"), t)
    return moment / ops.cast(correction, moment.dtype)


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
        ahead = unbiased(mean, beta1, context)
        if self.nesterov:
            t = ops.cast(context.step + 1, "float32")
            base = ops.cast(beta1, "float32")
            ahead = beta1 * (mean / ops.cast(1 - ops.power(base, t + 1), mean.dtype)) + (
                1 - beta1
            ) * unbiased(update, beta1, context)
        return ahead / (ops.sqrt(unbiased(square, beta2, context)) + self.eps)


@register("scale_by_diffgrad")
@dataclass(frozen=True)
class ScaleByDiffGrad(Transform):
    """Adam, times sigmoid(|update - last update|): less where the gradient hardly changes.

    When: Adam overshoots flat minima.

    Reference: S. Dubey et al., diffGrad: An Optimization Method for Convolutional Neural Networks
    (2019), equations 4 to 6.
    """

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
