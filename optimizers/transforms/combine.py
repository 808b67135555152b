"""Combinators: a transform for some variables only, or at some steps only.

A schedule needs none: every hyper-parameter that takes a number takes one.
"""

import dataclasses
from dataclasses import dataclass

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.hyper import Pattern, Whole, hyper
from tfx_updaters.optimizers.rules import matches
from tfx_updaters.optimizers.transform import Inner, Shared, Transform, register


class _Around(Transform):
    """Has the state and the kind of the transform inside."""

    inner: Transform

    def __post_init__(self):
        """Checks the fields, then takes over the kind of the transform inside."""
        super().__post_init__()
        for kind in ("on_step", "vetoes", "final_slot", "momentum_slot", "tells"):
            object.__setattr__(self, kind, getattr(self.inner, kind))

    def slots(self):
        """Those of the transform inside."""
        return self.inner.slots()

    def shared_slots(self):
        """Those of the transform inside."""
        return self.inner.shared_slots()

    def resolve(self, paths):
        """As the transform inside."""
        return self.inner.resolve(paths)

    def update_all(self, updates, contexts, shared):
        """What the transform inside makes of them."""
        return self.inner.update_all(updates, contexts, shared)

    def tell(self, update, following, context):
        """What the transform inside tells."""
        return self.inner.tell(update, following, context)


@register("where")
@dataclass(frozen=True)
class Where(_Around):
    """Applies a transform to the variables whose path has the pattern; the others pass.

    A transform over all variables sees these only. `(?<!...)` patterns name the others.

    When: AGC without the last layer, a trust ratio for kernels alone.
    """

    variables: str = hyper(Pattern(), "searched for in the variables' paths")
    inner: Transform = hyper(Inner(), "what they go through")

    def resolve(self, paths):
        """The inner values for the variables that match, None for the others."""
        here = matches(f"{self.name}.variables", self.variables, paths)
        inner = iter(self.inner.resolve([p for p, hit in zip(paths, here, strict=True) if hit]))
        return [next(inner) if hit else None for hit in here]


@register("every")
@dataclass(frozen=True)
class Every(_Around):
    """Applies a transform at every `period`-th step, the first one included.

    At the steps between, updates pass and its state stays.

    When: a costly or strong transform that need not act at each step.
    """

    period: int = hyper(Whole(1), "steps from one to the next")
    inner: Transform = hyper(Inner(), "what the updates go through")

    def update_all(self, updates, contexts, shared):
        """The inner updates and state at a step that counts, else the old ones."""
        now = ops.equal(ops.mod(shared.step, self.period), 0)
        inside = [dataclasses.replace(c, slots=dict(c.slots)) for c in contexts]
        common = Shared(dict(shared.slots), shared.step)
        following = self.inner.update_all(updates, inside, common)
        for context, inner in zip(contexts, inside, strict=True):
            self._keep(context.slots, inner.slots, now)
        self._keep(shared.slots, common.slots, now)
        if common.veto is not None:
            shared.veto = ops.logical_and(now, common.veto)
        return [ops.where(now, new, old) for new, old in zip(following, updates, strict=True)]

    def _keep(self, slots, inner, now):
        for name, value in inner.items():
            if value is not slots[name]:
                slots[name] = ops.where(now, value, slots[name])
