"""A transform at its place in a chain: its values and its state for each variable."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras

from tfx_updaters.optimizers import apply
from tfx_updaters.optimizers.errors import UpdaterError
from tfx_updaters.optimizers.packed import Part, parts
from tfx_updaters.optimizers.schedules import Schedule
from tfx_updaters.optimizers.transform import Context, Once, Shared, Slot, Transform


def path(variable: Any) -> str:
    """A variable's path; the name of one that has none, as TensorFlow's own."""
    return getattr(variable, "path", variable.name)


class Told(NamedTuple):
    """A statistic that a transform tells of a variable.

    Attributes:
        place: of the transform in the chain.
        variable: its place among those that the optimizer was built for.
        name: of the statistic.
    """

    place: int
    variable: int
    name: str


@dataclass
class Write:
    """A value that a variable of the optimizer gets when the step ends."""

    target: Any
    value: Any
    despite_veto: bool = False


@dataclass
class Step:
    """One step while it goes through the chain.

    Attributes:
        variables: those that have a gradient.
        indices: their places among the variables that the optimizer was built for.
        gradients: what entered the chain.
        count: how many updates were done before.
        rates: the learning rate by the precision of updates.
        writes: what the transforms want to keep.
        vetoes: boolean tensors, each of which makes the step void.
        once: computes what variables have in common.
        told: statistics that the transforms tell; None if nobody listens.
    """

    variables: list[Any]
    indices: list[int]
    gradients: list[Any]
    count: Any
    rates: dict[str, Any]
    writes: list[Write] = field(default_factory=list)
    vetoes: list[Any] = field(default_factory=list)
    once: Once = field(default_factory=Once)
    told: dict[Told, Any] | None = None

    def number(self, value: Any, dtype: str) -> Any:
        """A hyper-parameter's value: a schedule's at this step."""
        return self.once(_scheduled, value, self.count, dtype) if callable(value) else value


class Link:
    """A transform that is built for variables, and run on their updates."""

    def __init__(self, place: int, transform: Transform):
        self.place = place
        self.transform = transform
        self.values: list[dict[str, Any] | None] = []
        self.slots: dict[str, list[Any]] = {}
        self.shared: dict[str, Any] = {}

    def resolve(self, variables: Sequence[Any]) -> None:
        """Resolves the rules against the variables' paths.

        Raises:
            UpdaterError: a rule does not fit; the message has the place in the chain.
        """
        try:
            resolved = self.transform.resolve([path(variable) for variable in variables])
        except UpdaterError as error:
            error.args = (f"transforms[{self.place}]: {error}",)
            raise
        made: dict[int, Any] = {}

        def number(value: Any) -> Any:
            if isinstance(value, Schedule):
                return made.setdefault(id(value), value.keras())
            return value

        self.values = [
            None if values is None else {name: number(v) for name, v in values.items()}
            for values in resolved
        ]

    def add_slots(self, optimizer: Any, variables: Sequence[Any]) -> None:
        """Makes the state; None for a variable that the transform does not apply to."""
        applies = [
            values is not None and not getattr(variable, "overwrite_with_gradient", False)
            for variable, values in zip(variables, self.values, strict=True)
        ]
        here = {i: v for i, v in enumerate(variables) if applies[i]}
        for name, slot in self.transform.slots().items():
            own = f"{self.place}_{name}"
            made = _packed_slots(optimizer, here, own, slot) if optimizer.packed_state else {}
            made |= {
                i: _add_slot(optimizer, v, own, slot) for i, v in here.items() if i not in made
            }
            self.slots[name] = [made.get(i) for i in range(len(variables))]
        for name, slot in self.transform.shared_slots().items():
            self.shared[name] = optimizer.add_variable(
                slot.shape, _filled(slot), dtype="float32", name=f"{self.place}_{name}"
            )

    def tells(self) -> list[Told]:
        """The statistics that the transform tells, of the variables that it applies to."""
        here = [i for i, values in enumerate(self.values) if values is not None]
        return [Told(self.place, i, name) for name in self.transform.tells for i in here]

    def run(self, updates: Sequence[Any], step: Step, fuse: bool = False) -> list[Any]:
        """The updates after this transform; what it wants to keep is added to the step.

        With `fuse`, an update becomes an `apply.Operation` where the transform has one. One that
        is an operation already takes what the transform adds.
        """
        following = list(updates)
        here = [k for k, i in enumerate(step.indices) if self.values[i] is not None]
        if fuse:
            here = [k for k in here if not self._fuse(following, step, k)]
        if not here:
            return following
        contexts = [self._context(step, k, self._slots(step, k)) for k in here]
        before = [dict(context.slots) for context in contexts]
        kept = {name: apply.read(v) for name, v in self.shared.items()}
        shared = Shared(dict(kept), step.count)
        for k, update in zip(
            here,
            self.transform.update_all([updates[k] for k in here], contexts, shared),
            strict=True,
        ):
            following[k] = update
        if step.told is not None:
            for k, context in zip(here, contexts, strict=True):
                step.told |= self._told(updates[k], following[k], context)
        for k, context, old in zip(here, contexts, before, strict=True):
            step.writes += [
                Write(self.slots[name][step.indices[k]], value)
                for name, value in context.slots.items()
                if value is not old[name]
            ]
        vetoed = shared.veto is not None
        step.writes += [
            Write(self.shared[name], value, despite_veto=vetoed)
            for name, value in shared.slots.items()
            if value is not kept[name]
        ]
        step.vetoes += [shared.veto] if vetoed else []
        return following

    def _told(self, update: Any, following: Any, context: Context) -> dict[Told, Any]:
        statistics = self.transform.tell(update, following, context)
        return {Told(self.place, context.index, name): v for name, v in statistics.items()}

    def _context(self, step: Step, k: int, slots: dict[str, Any]) -> Context:
        variable, index = step.variables[k], step.indices[k]
        dtype = apply.precision(variable)
        return Context(
            index=index,
            weights=variable,
            gradient=step.gradients[k],
            values={n: step.number(v, dtype) for n, v in (self.values[index] or {}).items()},
            slots=slots,
            step=step.count,
            learning_rate=step.rates[dtype],
            once=step.once,
        )

    def _slots(self, step: Step, k: int) -> dict[str, Any]:
        index = step.indices[k]
        return {name: apply.read(slots[index]) for name, slots in self.slots.items()}

    def _fuse(self, updates: list[Any], step: Step, k: int) -> bool:
        """Puts an operation in the update's place, if there is one for it; whether there is."""
        update = updates[k]
        if isinstance(update, apply.Operation):
            updates[k] = update.plus(self.transform.added(self._context(step, k, {})))
            return True
        if not apply.may_fuse(step.variables[k]):
            return False
        fused = self.transform.fused(self._context(step, k, {}))
        if fused is None:
            return False
        dtype = apply.precision(step.variables[k])
        slots = {arg: self.slots[name][step.indices[k]] for arg, name in fused.slots.items()}
        if any(isinstance(slot, Part) for slot in slots.values()):
            return False
        cast = {n: step.once(keras.ops.cast, v, dtype) for n, v in fused.numbers.items()}
        updates[k] = apply.Operation(fused.operation, slots, {**cast, **fused.flags}, update)
        return True


def _scheduled(schedule: Any, count: Any, dtype: str) -> Any:
    return keras.ops.cast(schedule(count), dtype)


def _filled(slot: Slot) -> Any:
    return keras.initializers.Constant(slot.initial)


def _packed_slots(
    optimizer: Any, variables: dict[int, Any], name: str, slot: Slot
) -> dict[int, Any]:
    """The state of those that can be packed, by index."""
    found: dict[int, Any] = {}
    if slot.copy or slot.shape is not None:
        return found
    for dtype in sorted(set(map(apply.precision, variables.values()))):
        alike = {i: v for i, v in variables.items() if apply.precision(v) == dtype}
        found |= parts(optimizer, alike, dtype, f"{name}_{dtype}", _filled(slot))
    return found


def _add_slot(optimizer: Any, variable: Any, name: str, slot: Slot) -> Any:
    initial = _filled(slot)
    if slot.copy:
        value = apply.current(variable)
        initial = lambda shape, dtype=None: keras.ops.convert_to_tensor(value, dtype)  # noqa: E731
    dtype = apply.precision(variable)
    if slot.shape is None and dtype == keras.backend.standardize_dtype(variable.dtype):
        return optimizer.add_variable_from_reference(variable, name, initial)
    shape = variable.shape if slot.shape is None else slot.shape
    name = f"{path(variable).replace('/', '_')}_{name}"
    return optimizer.add_variable(shape, initial, dtype=dtype, name=name)
