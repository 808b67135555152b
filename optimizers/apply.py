"""How a step reaches the variables: what differs between Keras' backends.

On TensorFlow gradients are summed over replicas in replica context, where every transform can
then see all of them; variables may be assigned in an update context only, so all assignments
come last, together.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import keras

from tfx_updaters.optimizers.packed import Part, unpacked


@dataclass(frozen=True, eq=False)
class Operation:
    """A fused operation of TensorFlow on one variable, in place of its update.

    Attributes:
        name: in `tf.raw_ops`.
        slots: variables of the optimizer, by argument.
        others: scalar tensors in the variable's dtype and attributes, by argument.
        update: what it takes as the gradient.
        added: what the variable descends along besides, before it.
    """

    name: str
    slots: Mapping[str, Any]
    others: Mapping[str, Any]
    update: Any
    added: tuple[Any, ...] = ()

    def plus(self, added: Any) -> "Operation":
        """The operation, and a descent along `added`."""
        return replace(self, added=(*self.added, added))

    def run(self, variable: Any, rate: Any) -> None:
        """Assigns the variable and the slots."""
        import tensorflow as tf

        for delta in self.added:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=delta)
        handles = {argument: _native(slot).handle for argument, slot in self.slots.items()}
        operation = getattr(tf.raw_ops, self.name)
        operation(var=variable.handle, lr=rate, grad=self.update, **handles, **self.others)


def on_tensorflow() -> bool:
    """Whether Keras runs on TensorFlow."""
    return keras.backend.backend() == "tensorflow"


def gradients_off() -> Any:
    """A context in which torch records nothing; elsewhere it does nothing."""
    if keras.backend.backend() == "torch":
        import torch  # pyright: ignore[reportMissingImports]

        return torch.no_grad()
    return nullcontext()


def precision(variable: Any) -> str:
    """The dtype that a variable's updates and state are computed in: float32 for half precision.

    In float16 the square of 1e-4 is 0, and so is an eps of 1e-8.
    """
    dtype = keras.backend.standardize_dtype(variable.dtype)
    return "float32" if dtype in ("float16", "bfloat16") else dtype


def read(variable: Any) -> Any:
    """The value now of a variable, or of a part of one, as a tensor of the backend."""
    if isinstance(variable, Part):
        return variable.of(read(variable.pack.variable))
    if on_tensorflow():
        import tensorflow as tf

        return tf.convert_to_tensor(_native(variable))
    return variable.value


def may_fuse(variable: Any) -> bool:
    """Whether TensorFlow's fused operations do for it: not in half precision.

    They compute in the variable's dtype, and have no kernel for bfloat16 on GPUs.
    """
    return precision(variable) == keras.backend.standardize_dtype(variable.dtype)


def current(variable: Any) -> Any:
    """The variable's value as an array, also while a function is being traced."""
    if on_tensorflow():
        import tensorflow as tf

        with tf.init_scope():
            return keras.ops.convert_to_numpy(variable)
    return keras.ops.convert_to_numpy(variable)


def all_reduced(optimizer: Any, gradients: Sequence[Any], variables: Sequence[Any]) -> list[Any]:
    """The gradients summed over replicas, dense, in the precision of the variables' updates."""
    if on_tensorflow():
        natives = [_native(variable) for variable in variables]
        pairs = optimizer._all_reduce_sum_gradients(list(zip(gradients, natives, strict=True)))
        gradients = [_dense(gradient) for gradient, _ in pairs]
    return [
        keras.ops.cast(gradient, precision(variable))
        for gradient, variable in zip(gradients, variables, strict=True)
    ]


def _dense(gradient: Any) -> Any:
    """A sparse gradient as a tensor, duplicate rows added up."""
    import tensorflow as tf

    return tf.convert_to_tensor(gradient)


def _native(variable: Any) -> Any:
    return variable.value if isinstance(variable, keras.Variable) else variable


def descend(
    optimizer: Any, variables: Sequence[Any], updates: Sequence[Any], rates: Mapping[str, Any]
) -> None:
    """variable <- variable - rate * update, for each; without rates the update is the step.

    Args:
        optimizer: whose step it is.
        variables: those that descend.
        updates: tensors; on TensorFlow, with rates, operations too.
        rates: by the precision of updates, or empty.
    """
    if not on_tensorflow():
        for variable, update in zip(variables, updates, strict=True):
            step = update * rates[precision(variable)] if rates else update
            variable.assign_sub(keras.ops.cast(step, variable.dtype))
        return
    _each(optimizer, variables, _descend, updates, [rates.get(precision(v)) for v in variables])


def _descend(variable: Any, update: Any, rate: Any) -> None:
    import tensorflow as tf

    if isinstance(update, Operation):
        update.run(variable, rate)
    elif rate is not None and may_fuse(variable):
        # One operation instead of a product and a subtraction.
        tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=update)
    else:
        step = update if rate is None else update * rate
        variable.assign_sub(tf.cast(step, variable.dtype), read_value=False)


def assign(optimizer: Any, variables: Sequence[Any], values: Sequence[Any]) -> None:
    """variable <- value, for each; some may be parts of one."""
    variables, values = unpacked(variables, values, read)
    if not on_tensorflow():
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    elif variables:
        _each(optimizer, variables, _assign, values)


def _assign(variable: Any, value: Any) -> None:
    variable.assign(value, read_value=False)


def _each(optimizer: Any, variables: Sequence[Any], function: Any, *columns: Sequence[Any]) -> None:
    """function(variable, *values) for each, once for all replicas and on every device."""
    import tensorflow as tf

    def update(strategy: Any, *columns: Sequence[Any]) -> None:
        for variable, *values in zip(variables, *columns, strict=True):
            native = _native(variable)
            strategy.extended.update(native, function, args=tuple(values), group=False)

    strategy = optimizer._distribution_strategy
    lists = [list(column) for column in columns]
    tf.__internal__.distribute.interim.maybe_merge_call(update, strategy, *lists)
