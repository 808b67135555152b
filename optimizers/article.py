"""The article's three optimizers, with its names and arguments, as correct Keras 3 optimizers."""

from collections.abc import Sequence
from typing import Any

import keras

from tfx_updaters.optimizers.chain import ChainedOptimizer
from tfx_updaters.optimizers.errors import RuleError
from tfx_updaters.optimizers.rules import Rule
from tfx_updaters.optimizers.transforms import AddDecayedWeights, Clip, Trace


class _ArticleUpdater(ChainedOptimizer):
    """A chain that is configured by one argument of its own."""

    argument = ""

    def get_config(self) -> dict[str, Any]:
        """The article's arguments instead of the chain they make."""
        config = super().get_config()
        del config["transforms"]
        return {**config, self.argument: getattr(self, self.argument)}


@keras.saving.register_keras_serializable(package="tfx_updaters")
class MagnitudeClipUpdater(_ArticleUpdater):
    """Clips each gradient component to [-max_gradient_value, max_gradient_value] (example 1)."""

    argument = "max_gradient_value"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        max_gradient_value: Rule = 1.0,
        name: str = "MagnitudeClipUpdater",
        **kwargs: Any,
    ):
        """`max_gradient_value` is a number above 0, or a rule by variable path."""
        super().__init__(learning_rate, [Clip(max_gradient_value)], name, **kwargs)
        self.max_gradient_value = max_gradient_value


@keras.saving.register_keras_serializable(package="tfx_updaters")
class CustomWeightDecayUpdater(_ArticleUpdater):
    """Adds weight_decay_rate * weight to each gradient (example 2)."""

    argument = "weight_decay_rate"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay_rate: Rule = 0.0005,
        name: str = "CustomWeightDecayUpdater",
        **kwargs: Any,
    ):
        """`weight_decay_rate` is a number of 0 or more, or a rule by variable path."""
        super().__init__(learning_rate, [AddDecayedWeights(weight_decay_rate)], name, **kwargs)
        self.weight_decay_rate = weight_decay_rate


@keras.saving.register_keras_serializable(package="tfx_updaters")
class PerLayerMomentumUpdater(_ArticleUpdater):
    """Momentum with a coefficient for each variable or layer (example 3)."""

    argument = "layer_momentum_coefs"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        layer_momentum_coefs: Rule | Sequence[float] | None = None,
        name: str = "PerLayerMomentumUpdater",
        **kwargs: Any,
    ):
        """`layer_momentum_coefs`: a number or rule; a list, one a variable; None is 0.9."""
        listed = isinstance(layer_momentum_coefs, list | tuple)
        rule = 0.9 if layer_momentum_coefs is None or listed else layer_momentum_coefs
        super().__init__(learning_rate, [Trace(rule)], name, **kwargs)  # type: ignore[arg-type]
        self.layer_momentum_coefs = layer_momentum_coefs
        self._listed = listed
        for coefficient in layer_momentum_coefs if listed else ():  # type: ignore[union-attr]
            Trace(coefficient)

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Gives each variable its coefficient.

        Raises:
            RuleError: a list of another length than the variables.
        """
        if self.built:
            return
        super().build(variables)
        if not self._listed:
            return
        coefficients = list(self.layer_momentum_coefs)  # type: ignore[arg-type]
        if len(coefficients) != len(variables):
            raise RuleError(
                f"layer_momentum_coefs has {len(coefficients)} values for {len(variables)} "
                f"variables: {', '.join(v.path for v in variables)}"
            )
        for values, coefficient in zip(self._values[0], coefficients, strict=True):
            values["momentum"] = coefficient
