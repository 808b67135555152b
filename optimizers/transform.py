"""What a transform is: takes updates, returns the next ones, per variable or over all at once."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from tfx_updaters.optimizers import ops
from tfx_updaters.optimizers.errors import HyperparameterError, UnknownNameError, UpdaterError
from tfx_updaters.optimizers.presets import Preset
from tfx_updaters.optimizers.rules import Value, resolve
from tfx_updaters.optimizers.schedules import Schedule

KEY = "transform"
T = TypeVar("T", bound="Transform")
_REGISTERED: dict[str, type["Transform"]] = {}


@dataclasses.dataclass(frozen=True)
class Slot:
    """State that a transform keeps from one step to the next.

    Attributes:
        shape: of the tensor; None is the variable's.
        initial: the value that it is filled with when the optimizer is built.
        copy: it starts as the variable's own value instead.
    """

    shape: tuple[int, ...] | None = None
    initial: float = 0.0
    copy: bool = False


class Once:
    """Computes what several variables have in common once a step, however many ask for it."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """function(*arguments), where tensors and variables are the same if they are one object."""
        key = (function, *(a if isinstance(a, int | float | str) else id(a) for a in arguments))
        if key not in self._known:
            # The arguments are kept, as an object's id is its own only while it lives.
            self._known[key] = (function(*arguments), arguments)
        return self._known[key][0]


@dataclasses.dataclass(frozen=True)
class Fused:
    """A TensorFlow operation that does a transform's update, its state and the descent in one.

    Attributes:
        operation: its name in `tf.raw_ops`; it takes `var`, `lr` and `grad`.
        slots: its arguments that are slots, by the slots' names.
        numbers: its other arguments, numbers or scalar tensors.
        flags: its attributes.
    """

    operation: str
    slots: Mapping[str, str]
    numbers: Mapping[str, Any]
    flags: Mapping[str, bool] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Context:
    """What `Transform.update` knows of one variable at one step. All are tensors.

    In half precision the variable's updates and state are float32 all the same.

    Attributes:
        index: the variable's place among those that the optimizer was built for; no tensor.
        weights: what `variable` reads, at its first use.
        gradient: what entered the chain, in the shape of the variable: unscaled, accumulated
            and summed over replicas.
        values: the hyper-parameters that take a rule, by name, as this variable's numbers.
        slots: the state by slot name; what is assigned here is kept for the next step.
        step: how many updates were done before this one, an integer.
        learning_rate: at this step.
        once: `once(function, *arguments)` computes what is the same for other variables once.
    """

    index: int
    weights: Any
    gradient: Any
    values: Mapping[str, Any]
    slots: dict[str, Any]
    step: Any
    learning_rate: Any
    once: Once = dataclasses.field(default_factory=Once)

    @property
    def variable(self) -> Any:
        """The weights before the step."""
        return self.once(_read, self.weights, self.gradient.dtype)


def _read(variable: Any, dtype: Any) -> Any:
    from tfx_updaters.optimizers import apply

    return ops.cast(apply.read(variable), dtype)


@dataclasses.dataclass
class Shared:
    """What `Transform.update_all` has in common for all variables at one step.

    Attributes:
        slots: the state of `shared_slots`; what is assigned here is kept for the next step.
        step: how many updates were done before this one, an integer.
        veto: a boolean tensor that makes the step void: the weights and every slot but the
            shared ones of the transform that set it stay as they are, and it is not counted.
    """

    slots: dict[str, Any]
    step: Any
    veto: Any = None


class Transform:
    """One gradient transformation, a frozen dataclass whose fields are its hyper-parameters.

    A subclass declares its fields with `hyper` and overrides `update`, which sees one variable,
    or `update_all`, which sees all of them; with `slots` and `shared_slots` it asks for state.
    Gradients come after unscaling, accumulation and the all-reduce.

    Attributes:
        name: what JSON calls it; given by `register`.
        on_step: it works on the step, learning rate included, and so comes after those that do
            not: the weights become `variable - step`.
        vetoes: it may set `Shared.veto`.
        final_slot: the slot whose value Keras puts in the variable's place when `fit` ends.
        momentum_slot: the slot whose norm a record of the training shows as the momentum's.
        tells: names of the statistics that `tell` gives.
    """

    name: ClassVar[str] = ""
    on_step: ClassVar[bool] = False
    vetoes: ClassVar[bool] = False
    final_slot: ClassVar[str] = ""
    momentum_slot: ClassVar[str] = ""
    tells: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        """A subclass with an update of its own does not inherit another's shortcuts."""
        super().__init_subclass__(**keywords)
        if {"update", "update_all"} & set(vars(cls)):
            for name in ("fused", "added"):
                if name not in vars(cls):
                    setattr(cls, name, getattr(Transform, name))

    def __post_init__(self) -> None:
        """Checks every hyper-parameter against what its field allows."""
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            where = f"{self.name}.{field.name}"
            taken = field.metadata["allowed"].taken(where, getattr(self, field.name))
            object.__setattr__(self, field.name, taken)

    def slots(self) -> Mapping[str, Slot]:
        """State for each variable, by name; in its dtype, or float32 for one of half precision."""
        return {}

    def shared_slots(self) -> Mapping[str, Slot]:
        """State kept once for the chain, in float32, by name; each needs a shape."""
        return {}

    def update(self, update: Any, context: Context) -> Any:
        """The next update of one variable.

        Args:
            update: tensor in the shape of the variable: the gradient, or what the transform
                before this one made of it.
            context: the variable, its hyper-parameters and its slots.
        """
        raise NotImplementedError(f"{type(self).__name__}.update")

    def update_all(
        self, updates: Sequence[Any], contexts: Sequence[Context], shared: Shared
    ) -> Sequence[Any]:
        """The next updates of all variables that have a gradient; one by one unless overridden."""
        return [self.update(u, context) for u, context in zip(updates, contexts, strict=True)]

    def tell(self, update: Any, following: Any, context: Context) -> dict[str, Any]:
        """Statistics of one variable's update, scalars by name; asked for when one listens.

        Args:
            update, following: what came in, and what went out.
            context: as `update` left it.
        """
        return {}

    def fused(self, context: Context) -> Fused | None:
        """One operation for `update` and the descent, used at the end of a chain; often none.

        Args:
            context: as in `update`, without slots.
        """
        return None

    def added(self, context: Context) -> Any:
        """What `update` adds to an update, whatever that is; None if it does anything else."""
        return None

    @property
    def only_adds(self) -> bool:
        """Whether `added` says all that it does, to an update without the learning rate."""
        return type(self).added is not Transform.added and not self.on_step

    def rules(self) -> dict[str, Any]:
        """The hyper-parameters that take a rule, by name."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        ruled = (f.name for f in fields if getattr(f.metadata["allowed"], "rule", False))
        return {name: getattr(self, name) for name in ruled}

    def resolve(self, paths: Sequence[str]) -> list[dict[str, Value] | None]:
        """This transform's values for each variable; None where it does not apply.

        Raises:
            RuleError: a rule does not fit the variables; the message lists their paths.
        """
        columns = {
            key: resolve(f"{self.name}.{key}", rule, paths) for key, rule in self.rules().items()
        }
        return [{key: column[i] for key, column in columns.items()} for i in range(len(paths))]

    def hyperparameters(self) -> dict[str, Any]:
        """All fields by name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Any]:
        """The transform's registered name and hyper-parameters, as plain data."""
        return {KEY: self.name, **{k: plain(v) for k, v in self.hyperparameters().items()}}

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={_text(v)}' for k, v in self._told())})"

    def _told(self) -> list[tuple[str, Any]]:
        """What a reader needs to know: all but the defaults that were left alone."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return [
            (f.name, getattr(self, f.name))
            for f in fields
            if f.default is dataclasses.MISSING or getattr(self, f.name) != f.default
        ]


def plain(value: Any) -> Any:
    """A hyper-parameter as JSON has it."""
    if isinstance(value, Transform | Preset | Schedule):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {item}" for key, item in value.items()) + "}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def register(name: str) -> Callable[[type[T]], type[T]]:
    """Makes a dataclass known under `name`, so that JSON can ask for it.

    Raises:
        UpdaterError: another class has the name.
    """

    def add(cls: type[T]) -> type[T]:
        if _REGISTERED.get(name, cls).__qualname__ != cls.__qualname__:
            raise UpdaterError(f"transform name {name!r} is taken by {_REGISTERED[name]}")
        cls.name = name
        _REGISTERED[name] = cls
        return cls

    return add


def registered() -> dict[str, type[Transform]]:
    """The transform classes by name."""
    return dict(_REGISTERED)


class Inner:
    """Another transform, as an object or as JSON: what a combinator applies."""

    def __str__(self) -> str:
        return f"a transform, or {{'{KEY}': name, ...}},"

    def taken(self, name: str, value: Any) -> Transform:
        """The transform."""
        if isinstance(value, Transform):
            return value
        if isinstance(value, Mapping):
            return transform_from_json(value)
        raise HyperparameterError(f"{name}: received {value!r}; {self} is allowed")


def transform_from_json(document: Any) -> Transform:
    """The transform of `{"transform": name, hyper-parameter: value, ...}`.

    Only registered classes can be named: nothing is imported or run.

    Raises:
        UnknownNameError: no such transform, or no such hyper-parameter of it.
        HyperparameterError: a hyper-parameter is missing, or refused.
    """
    if not isinstance(document, Mapping) or KEY not in document:
        raise UpdaterError(f"received {document!r}; {{'{KEY}': name, ...}} is needed")
    name = document[KEY]
    if not isinstance(name, str) or name not in _REGISTERED:
        raise UnknownNameError("transform", name, _REGISTERED)
    cls = _REGISTERED[name]
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values = {key: value for key, value in document.items() if key != KEY}
    for key in values:
        if key not in fields:
            raise UnknownNameError(f"hyper-parameter of {name}", key, fields)
    for key, field in fields.items():
        if key not in values and field.default is dataclasses.MISSING:
            raise HyperparameterError(f"{name}.{key} is missing; {field.metadata['allowed']}")
    return cls(**values)


def chain_of(transforms: Any) -> tuple[Transform, ...]:
    """The transforms of a chain, each an object or JSON; an error says at which place it is.

    Raises:
        UpdaterError: no list; an item that cannot be taken; or a transform of updates after one
            of steps.
    """
    if isinstance(transforms, str | Mapping) or not isinstance(transforms, Sequence):
        raise UpdaterError(f"transforms: received {transforms!r}; a list of transforms is needed")
    chain: list[Transform] = []
    for place, item in enumerate(transforms):
        try:
            chain.append(item if isinstance(item, Transform) else transform_from_json(item))
        except UpdaterError as error:
            error.args = (f"transforms[{place}]: {error}",)
            raise
    for place, (before, after) in enumerate(itertools.pairwise(chain)):
        if before.on_step and not after.on_step:
            raise UpdaterError(
                f"transforms[{place + 1}]: {after.name} works on updates and has to come before "
                f"transforms[{place}], {before.name}, which works on the step"
            )
    return tuple(chain)
