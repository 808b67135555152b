"""AutoClip: the bound on the global norm is a percentile of the norms seen so far."""

from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Range, Whole, hyper
from tfx_updaters.optimizers.transform import Slot, Transform, register
from tfx_updaters.optimizers.transforms.clip_norm import shortened
from tfx_updaters.optimizers.transforms.norms import clipped, global_norm


@register("auto_clip")
@dataclass(frozen=True)
class AutoClip(Transform):
    """Clips all updates to a percentile of the global norms of the last `window` steps.

    The newest norm is one of them. Between two norms the percentile is interpolated linearly, as
    NumPy does. The paper keeps every norm; the window bounds the memory (4 bytes a step). A norm
    that is not finite is not remembered.

    When: a fixed bound would need tuning, or gradients shrink as training goes on.

    Reference: P. Seetharaman et al., AutoClip: Adaptive Gradient Clipping for Source Separation
    Networks (2020), algorithm 1.
    """

    tells = ("clipped",)

    percentile: float = hyper(
        Range(0, 100, open_high=False, rule=False), "of the norms, in percent", 10.0
    )
    window: int = hyper(Whole(2), "how many norms are kept", 1000)

    def shared_slots(self):
        """The norms, in a ring, and how many there were."""
        return {"norms": Slot((self.window,)), "seen": Slot(())}

    def update_all(self, updates, contexts, shared):
        """Each update * limit / max(global norm, limit), limit the percentile of the norms."""
        length = global_norm(updates)
        seen, norms = shared.slots["seen"], shared.slots["norms"]
        places = ops.arange(self.window, dtype="float32")
        finite = ops.isfinite(length)
        newest = ops.logical_and(ops.equal(places, ops.mod(seen, self.window)), finite)
        norms = ops.where(newest, length, norms)
        seen = seen + ops.cast(finite, "float32")
        shared.slots["norms"], shared.slots["seen"] = norms, seen
        limit = self._limit(norms, seen, places)
        # A limit of 0, from norms of 0, would divide 0 by 0 where this one is 0 too.
        limit = ops.maximum(ops.where(ops.greater(seen, 0), limit, length), 1e-30)
        return [shortened(update, length, limit) for update in updates]

    def tell(self, update, following, context):
        """1 if all updates together were longer than the percentile, else 0."""
        return clipped(update, following, axes=None)

    def _limit(self, norms, seen, places):
        """The percentile of the norms in the ring, the free places left out."""
        count = ops.minimum(seen, float(self.window))
        ordered = ops.sort(ops.where(ops.less(places, count), norms, float("inf")))
        place = ops.maximum(count - 1, 0.0) * (self.percentile / 100)
        low = ops.floor(place)
        share = place - low
        below = ops.take(ordered, ops.cast(low, "int32"))
        above = ops.take(ordered, ops.cast(ops.ceil(place), "int32"))
        # Beside an infinity the product with a share of 0 would be NaN.
        return ops.where(ops.greater(share, 0), below + share * (above - below), below)
