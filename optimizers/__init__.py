"""Parameter updates for Keras 3 as chains of transforms.

Everything here can be imported without Keras, but for `ChainedOptimizer` and the article's three
classes, which import it when they are first asked for.
"""

import importlib
from typing import TYPE_CHECKING

from tfx_updaters.optimizers.errors import (
    HyperparameterError,
    RuleError,
    UnknownNameError,
    UpdaterError,
)
from tfx_updaters.optimizers.hyper import Flag, Range, hyper
from tfx_updaters.optimizers.transform import Transform, register, registered, transform_from_json
from tfx_updaters.optimizers.transforms import AddDecayedWeights, Clip, Trace
from tfx_updaters.optimizers.updaters import (
    Hyperparameter,
    Updater,
    UpdaterConfig,
    configure,
    from_json,
    get,
    names,
    parse_value,
)

if TYPE_CHECKING:
    from tfx_updaters.optimizers.article import (
        CustomWeightDecayUpdater,
        MagnitudeClipUpdater,
        PerLayerMomentumUpdater,
    )
    from tfx_updaters.optimizers.chain import ChainedOptimizer

__all__ = [
    "AddDecayedWeights",
    "ChainedOptimizer",
    "Clip",
    "CustomWeightDecayUpdater",
    "Flag",
    "Hyperparameter",
    "HyperparameterError",
    "MagnitudeClipUpdater",
    "PerLayerMomentumUpdater",
    "Range",
    "RuleError",
    "Trace",
    "Transform",
    "UnknownNameError",
    "Updater",
    "UpdaterConfig",
    "UpdaterError",
    "configure",
    "from_json",
    "get",
    "hyper",
    "names",
    "parse_value",
    "register",
    "registered",
    "transform_from_json",
]

_NEED_KERAS = {
    "ChainedOptimizer": "chain",
    "CustomWeightDecayUpdater": "article",
    "MagnitudeClipUpdater": "article",
    "PerLayerMomentumUpdater": "article",
}


def __getattr__(name: str):
    if name in _NEED_KERAS:
        return getattr(importlib.import_module(f"{__name__}.{_NEED_KERAS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
