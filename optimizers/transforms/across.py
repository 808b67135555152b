"""Information from other layers, and from the other units of a layer."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, hyper
from tfx_updaters.optimizers.transform import Transform, register
from tfx_updaters.optimizers.transforms.norms import global_norm, norm, scaled


@register("normalize_by_global_norm")
@dataclass(frozen=True)
class NormalizeByGlobalNorm(Transform):
    """All updates divided by their common norm: every step has the same length.

    When: plateaus and cliffs; the learning rate alone says how far a step goes.

    Reference: E. Hazan et al., Beyond Convexity: Stochastic Quasi-Convex Optimization (2015),
    algorithm 1.
    """

    eps: float = hyper(Range(0, open_low=True, rule=False), "added to the norm", 1e-8)

    def update_all(self, updates, contexts, shared):
        """Each update / (global norm + eps)."""
        length = global_norm(updates) + self.eps
        return [scaled(update, 1 / length) for update in updates]


@register("balance_norms")
@dataclass(frozen=True)
class BalanceNorms(Transform):
    """Moves each variable's norm towards the mean of all of them; the directions stay.

    The root mean square of a variable's components is what is balanced, so that a large kernel is
    not favoured over a small bias. With `strength` 1 all are equal, with 0 nothing happens. An
    update of zero stays one, and is not in the mean.

    When: gradients vanish or explode from layer to layer.

    Reference: Z. Chen et al., GradNorm (2018), equation 1, has the idea for tasks; this is its
    plain form for variables: rms <- rms ** (1 - strength) * mean ** strength.
    """

    strength: float = hyper(
        Range(0, 1, open_high=False, rule=False), "how far towards the mean", 1.0
    )

    def update_all(self, updates, contexts, shared):
        """Each update * (mean rms / own rms) ** strength."""
        sizes = [float(max(_size(update), 1)) ** 0.5 for update in updates]
        each = ops.stack([norm(u) / size for u, size in zip(updates, sizes, strict=True)])
        moving = ops.cast(ops.greater(each, 0), "float32")
        mean = ops.sum(each) / ops.maximum(ops.sum(moving), 1.0)
        safe = ops.where(ops.greater(each, 0), each, 1.0)
        factors = ops.where(
            ops.greater(each, 0), ops.power(mean / safe, self.strength), ops.ones_like(each)
        )
        return [scaled(update, factors[k]) for k, update in enumerate(updates)]


@register("centralize")
@dataclass(frozen=True)
class Centralize(Transform):
    """Subtracts from each unit's update its mean over the unit's inputs.

    The inputs are all axes but the last of a kernel, as Keras has it; biases and scalars stay.

    When: convolutional nets with batch normalization; it constrains the weights' means.

    Reference: H. Yong et al., Gradient Centralization (2020), equation 1.
    """

    def update(self, update, context):
        """update - mean(update) over all axes but the last."""
        if len(update.shape) < 2 or 0 in update.shape:
            return update
        inputs = tuple(range(len(update.shape) - 1))
        return update - ops.mean(update, axis=inputs, keepdims=True)


@register("cautious")
@dataclass(frozen=True)
class Cautious(Transform):
    """Leaves out components whose sign is not the gradient's, and enlarges what is left.

    What is left is divided by the share of components that is left, which counts as at least
    `floor`.

    When: at the end of a momentum or Adam chain, so that no component is moved uphill.

    Reference: K. Liang et al., Cautious Optimizers: Improving Training with One Line of Code
    (2024), algorithm 2; the floor as in the authors' code.
    """

    floor: float = hyper(
        Range(0, 1, open_low=True, open_high=False, rule=False), "least share left", 1e-3
    )

    def update(self, update, context):
        """update * mask / max(mean(mask), floor), mask = update * gradient > 0."""
        if 0 in update.shape:
            return update
        mask = ops.cast(ops.greater(update * context.gradient, 0), "float32")
        return scaled(update, mask / ops.maximum(ops.mean(mask), self.floor))


def _size(x) -> int:
    size = 1
    for length in x.shape:
        size *= length
    return size
