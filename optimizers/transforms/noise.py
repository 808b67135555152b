"""Gaussian noise on the update, less of it as training goes on."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, Whole, hyper
from tfx_updaters.optimizers.transform import Transform, register


@register("add_noise")
@dataclass(frozen=True)
class AddNoise(Transform):
    """update + N(0, eta / (1 + t) ** gamma), t the number of updates done.

    The noise is drawn from the seed, the step and the place of the variable alone: a training
    that goes on from a checkpoint, and every replica, get the same.

    When: very deep nets, or a start from poor initial weights.

    Reference: A. Neelakantan et al., Adding Gradient Noise Improves Learning for Very Deep
    Networks (2015), section 3.
    """

    eta: float = hyper(Range(0, rule=False), "variance at the first step", 0.01)
    gamma: float = hyper(Range(0, rule=False), "how fast the variance falls", 0.55)
    seed: int = hyper(Whole(0), "of the noise", 0)

    def update_all(self, updates, contexts, shared):
        """Each update plus its noise."""
        from tfx_updaters.optimizers import random

        t = ops.cast(shared.step, "float32")
        deviation = ops.sqrt(self.eta / ops.power(1 + t, self.gamma))
        noise = [
            deviation * random.normal(update.shape, self.seed, shared.step, context.index)
            for update, context in zip(updates, contexts, strict=True)
        ]
        return [u + ops.cast(n, u.dtype) for u, n in zip(updates, noise, strict=True)]
