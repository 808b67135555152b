"""What a transform is: takes the update of one variable, returns the next one."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from tfx_updaters.optimizers.errors import HyperparameterError, UnknownNameError, UpdaterError
from tfx_updaters.optimizers.rules import Rule

KEY = "transform"
T = TypeVar("T", bound="Transform")
_REGISTERED: dict[str, type["Transform"]] = {}


class Transform:
    """One gradient transformation, a frozen dataclass whose fields are its hyper-parameters.

    A subclass declares its fields with `hyper`, names the slots that it keeps for each variable
    in `slots` (zeros in the shape and dtype of the variable), and maps an update to the next in
    `update`. It sees gradients after unscaling, accumulation and the all-reduce.

    Attributes:
        name: what JSON calls it; given by `register`.
        slots: names of the state that it keeps for each variable.
    """

    name: ClassVar[str] = ""
    slots: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        """Checks every hyper-parameter against what its field allows."""
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            field.metadata["allowed"].check(f"{self.name}.{field.name}", getattr(self, field.name))

    def update(
        self, update: Any, variable: Any, slots: Mapping[str, Any], values: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """The next update and the slots after it; changes nothing itself.

        Args:
            update: tensor in the shape of the variable: the gradient, or what the transform
                before this one made of it.
            variable: the variable's value.
            slots: tensors by slot name.
            values: this variable's hyper-parameters by name, rules resolved.
        """
        raise NotImplementedError(f"{type(self).__name__}.update")

    def rules(self) -> dict[str, Rule]:
        """The hyper-parameters by name, rules as they are."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Any]:
        """The transform's registered name and hyper-parameters."""
        plain = {k: dict(v) if isinstance(v, Mapping) else v for k, v in self.rules().items()}
        return {KEY: self.name, **plain}

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.rules().items())})"


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
