"""`ChainedOptimizer`: a chain of transforms as one ordinary Keras optimizer."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from tfx_updaters.optimizers.errors import UpdaterError
from tfx_updaters.optimizers.rules import resolve
from tfx_updaters.optimizers.transform import Transform, transform_from_json

# Arguments of Keras that a transform in the chain would do a second time.
TWICE = {
    "weight_decay": "add_decayed_weights",
    "clipvalue": "clip",
}


@keras.saving.register_keras_serializable(package="tfx_updaters")
class ChainedOptimizer(keras.optimizers.Optimizer):
    """variable <- variable - learning_rate * chain(gradient).

    The transforms run in the order given, in `update_step`: after unscaling, accumulation and
    the all-reduce, on each variable. Order is meaning: a clip before a decay bounds the gradient,
    after it the sum of both.

    Loading a saved model needs this class registered: import `tfx_updaters.optimizers.chain`
    before.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        transforms: Sequence[Transform | Mapping[str, Any]] = (),
        name: str = "chained_optimizer",
        **keras_arguments: Any,
    ):
        """Arguments beside the chain are those of every Keras optimizer.

        Args:
            learning_rate: a number, or a `keras.optimizers.schedules.LearningRateSchedule`.
            transforms: transforms, or their JSON.
            name: of the optimizer.
            **keras_arguments: `use_ema`, `gradient_accumulation_steps`, `global_clipnorm`, ...

        Raises:
            UpdaterError: a transform that cannot be taken, or an argument of Keras that does
                what a transform of the chain does already.
        """
        super().__init__(learning_rate=learning_rate, name=name, **keras_arguments)
        self.transforms = tuple(
            t if isinstance(t, Transform) else transform_from_json(t) for t in transforms
        )
        self._refuse_twice(keras_arguments)
        self._values: list[list[dict[str, Any]]] = []
        self._slots: list[dict[str, list[keras.Variable]]] = []

    def _refuse_twice(self, keras_arguments: Mapping[str, Any]) -> None:
        present = {transform.name for transform in self.transforms}
        for argument, transform in TWICE.items():
            if keras_arguments.get(argument) is not None and transform in present:
                raise UpdaterError(f"{argument}= and the transform '{transform}' do it twice")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the chain's canonical JSON: equal chains have equal fingerprints."""
        chain = [transform.to_json() for transform in self.transforms]
        return hashlib.sha256(json.dumps(chain, sort_keys=True).encode()).hexdigest()

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Resolves the rules against the variables' paths and makes the slots.

        Raises:
            RuleError: a rule that does not fit the variables.
        """
        if self.built:
            return
        self._values = [self._resolved(t, [v.path for v in variables]) for t in self.transforms]
        super().build(variables)
        self._slots = [
            {slot: self._zeros(variables, f"{number}_{slot}") for slot in transform.slots}
            for number, transform in enumerate(self.transforms)
        ]

    def _resolved(self, transform: Transform, paths: list[str]) -> list[dict[str, Any]]:
        columns = {
            key: resolve(f"{transform.name}.{key}", rule, paths)
            for key, rule in transform.rules().items()
        }
        return [{key: column[i] for key, column in columns.items()} for i in range(len(paths))]

    def _zeros(self, variables: Sequence[keras.Variable], name: str) -> list[keras.Variable]:
        return [self.add_variable_from_reference(v, name=name) for v in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Runs the chain on one gradient and applies what comes out."""
        index = self._get_variable_index(variable)
        update: Any = keras.ops.cast(_dense(gradient), variable.dtype)
        for number, transform in enumerate(self.transforms):
            kept = {name: slots[index] for name, slots in self._slots[number].items()}
            values = self._values[number][index]
            update, changed = transform.update(update, variable, kept, values)
            for name, value in changed.items():
                self.assign(kept[name], value)
        rate: Any = keras.ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, update * rate)

    def get_config(self) -> dict[str, Any]:
        """Plain data; `from_config` takes it back."""
        transforms = [transform.to_json() for transform in self.transforms]
        return {**super().get_config(), "transforms": transforms}


def _dense(gradient: Any) -> Any:
    """A sparse gradient of TensorFlow as a tensor, duplicate rows added up."""
    if hasattr(gradient, "indices") and hasattr(gradient, "dense_shape"):
        import tensorflow as tf

        return tf.convert_to_tensor(gradient)
    return gradient
