"""The article's three optimizers, with its names and arguments, as correct Keras 3 optimizers."""

from collections.abc import Sequence
from typing import Any

import keras

from tfx_updaters.optimizers.chain import ChainedOptimizer
from tfx_updaters.optimizers.presets import ByOrder
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
        coefficients: Any = 0.9 if layer_momentum_coefs is None else layer_momentum_coefs
        if isinstance(coefficients, list | tuple):
            coefficients = ByOrder(tuple(coefficients))
        super().__init__(learning_rate, [Trace(coefficients)], name, **kwargs)
        self.layer_momentum_coefs = layer_momentum_coefs
