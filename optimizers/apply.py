"""How a step reaches the variables: what differs between Keras' backends.

On TensorFlow gradients are summed over replicas in replica context, where every transform can
then see all of them; variables may be assigned in an update context only, so all assignments
come last, together.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import keras


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
    """The variable's value now, as a tensor of the backend."""
    if on_tensorflow():
        import tensorflow as tf

        return tf.convert_to_tensor(_native(variable))
    return variable.value


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


def descend(optimizer: Any, variables: Sequence[Any], updates: Sequence[Any], rate: Any) -> None:
    """variable <- variable - rate * update, for each; without `rate` the update is the step."""
    if not on_tensorflow():
        for variable, update in zip(variables, updates, strict=True):
            step = update if rate is None else update * keras.ops.cast(rate, update.dtype)
            variable.assign_sub(keras.ops.cast(step, variable.dtype))
        return
    import tensorflow as tf

    one = tf.constant(1.0) if rate is None else tf.convert_to_tensor(rate)

    def fused(variable: Any, update: Any, alpha: Any) -> None:
        if update.dtype != variable.dtype:
            update, alpha = tf.cast(update * tf.cast(alpha, update.dtype), variable.dtype), 1.0
        # One operation instead of a product and a subtraction.
        tf.raw_ops.ResourceApplyGradientDescent(
            var=variable.handle, alpha=tf.cast(alpha, variable.dtype), delta=update
        )

    def update_each(strategy: Any, updates: list[Any], alpha: Any) -> None:
        for variable, update in zip(variables, updates, strict=True):
            strategy.extended.update(_native(variable), fused, args=(update, alpha), group=False)

    _merged(optimizer, update_each, list(updates), one)


def assign(optimizer: Any, variables: Sequence[Any], values: Sequence[Any]) -> None:
    """variable <- value, for each."""
    if not on_tensorflow():
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return

    def set_value(variable: Any, value: Any) -> None:
        variable.assign(value, read_value=False)

    def assign_each(strategy: Any, values: list[Any]) -> None:
        for variable, value in zip(variables, values, strict=True):
            strategy.extended.update(_native(variable), set_value, args=(value,), group=False)

    if variables:
        _merged(optimizer, assign_each, list(values))


def _merged(optimizer: Any, function: Any, *arguments: Any) -> None:
    """Calls the function once for all replicas, with the replicas' values put together."""
    import tensorflow as tf

    strategy = optimizer._distribution_strategy
    tf.__internal__.distribute.interim.maybe_merge_call(function, strategy, *arguments)
