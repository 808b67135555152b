"""Steps that are not taken: a gradient that is not finite, or that spikes."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, Whole, hyper
from tfx_updaters.optimizers.transform import Slot, Transform, register
from tfx_updaters.optimizers.transforms.norms import global_norm


@register("skip_not_finite")
@dataclass(frozen=True)
class SkipNotFinite(Transform):
    """Leaves out a step in which any component of any update is NaN or infinite.

    The weights and all state stay as they are, and the step does not count: not in a schedule of
    a hyper-parameter, nor in a bias correction. After `max_in_a_row` such steps one is taken all
    the same, so that a training that is lost shows a loss that is NaN.

    When: rare overflows in half precision without loss scaling; broken examples.

    Reference: as `optax.apply_if_finite`.
    """

    vetoes = True

    max_in_a_row: int = hyper(Whole(1), "how many steps are left out one after the other", 100)

    def shared_slots(self):
        """How many steps were left out since the last that was taken."""
        return {"in_a_row": Slot(())}

    def update_all(self, updates, contexts, shared):
        """The updates as they are; vetoes the step where they are not finite."""
        finite = ops.all(ops.stack([ops.all(ops.isfinite(update)) for update in updates]))
        patience = ops.less(shared.slots["in_a_row"], float(self.max_in_a_row))
        shared.veto = ops.logical_and(ops.logical_not(finite), patience)
        broken = ops.cast(ops.logical_not(finite), "float32")
        shared.slots["in_a_row"] = (shared.slots["in_a_row"] + 1.0) * broken
        return updates


@register("skip_spikes")
@dataclass(frozen=True)
class SkipSpikes(Transform):
    """Leaves out a step whose global norm is more than `factor` times the running mean's.

    The running mean takes in the norms of the steps that were taken, corrected for its start at
    zero; the first `warmup` steps are always taken. A norm that is not finite is a spike. After
    `max_in_a_row` spikes the mean is taken to have moved: the step is done, and the mean begins
    anew.

    When: the loss jumps after single bad batches (mislabelled or corrupt examples).

    Reference: the rule of A. Chowdhery et al., PaLM (2022), section 5.1, which skips the batches
    around a spike, made automatic.
    """

    vetoes = True

    factor: float = hyper(Range(1, open_low=True, rule=False), "of the running norm", 5.0)
    decay: float = hyper(Range(0, 1, rule=False), "of the running norm", 0.99)
    warmup: int = hyper(Whole(1), "steps that are always taken", 20)
    max_in_a_row: int = hyper(Whole(1), "spikes in a row that are left out", 20)

    def shared_slots(self):
        """The decayed sum of norms, the sum of their weights, steps taken, spikes in a row."""
        return {"norm": Slot(()), "weight": Slot(()), "taken": Slot(()), "in_a_row": Slot(())}

    def update_all(self, updates, contexts, shared):
        """The updates as they are; vetoes a spike."""
        slots = shared.slots
        length = global_norm(updates)
        mean = slots["norm"] / ops.maximum(slots["weight"], 1e-30)
        calm = ops.logical_and(ops.isfinite(length), ops.less_equal(length, self.factor * mean))
        early = ops.logical_and(ops.less(slots["taken"], float(self.warmup)), ops.isfinite(length))
        patient = ops.less(slots["in_a_row"], float(self.max_in_a_row))
        usual = ops.logical_or(calm, early)
        shared.veto = ops.logical_and(ops.logical_not(usual), patient)
        moved = ops.logical_not(ops.logical_or(usual, patient))
        done = ops.logical_not(shared.veto)

        def kept(old, new, fresh):
            return ops.where(done, ops.where(moved, fresh, new), old)

        known = ops.where(ops.isfinite(length), length, 0.0)
        share = 1 - self.decay
        zero = ops.zeros_like(length)
        slots["norm"] = kept(slots["norm"], self.decay * slots["norm"] + share * known, zero)
        slots["weight"] = kept(slots["weight"], self.decay * slots["weight"] + share, zero)
        slots["taken"] = kept(slots["taken"], slots["taken"] + 1, zero)
        slots["in_a_row"] = ops.where(done, zero, slots["in_a_row"] + 1)
        return updates
