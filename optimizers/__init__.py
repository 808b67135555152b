"""Parameter updates for Keras 3 as chains of transforms.

Everything here can be imported without Keras, but for `ChainedOptimizer` and the article's three
classes, which import it when they are first asked for.
"""

import importlib
from typing import TYPE_CHECKING

from tfx_updaters.optimizers.catalogue import Hyperparameter, Updater
from tfx_updaters.optimizers.errors import (
    HyperparameterError,
    RuleError,
    UnknownNameError,
    UpdaterError,
)
from tfx_updaters.optimizers.hyper import Flag, Pattern, Range, Several, Whole, hyper
from tfx_updaters.optimizers.presets import ByOrder, Frozen, LayerDecay, WeightsOnly
from tfx_updaters.optimizers.schedules import Schedule
from tfx_updaters.optimizers.transform import (
    Context,
    Shared,
    Slot,
    Transform,
    register,
    registered,
    transform_from_json,
)
from tfx_updaters.optimizers.transforms import (
    AdaptiveClip,
    AddDecayedWeights,
    AddNoise,
    AggregatedTrace,
    AutoClip,
    BalanceNorms,
    Cautious,
    CautiousDecay,
    Centralize,
    Clip,
    ClipByGlobalNorm,
    ClipByNorm,
    DampRepeated,
    Every,
    L1Proximal,
    L2ToStart,
    Lookahead,
    NormalizeByGlobalNorm,
    Scale,
    ScaleByAdam,
    ScaleByAdan,
    ScaleByDiffGrad,
    ScaleByLion,
    ScaleByRms,
    ScaleByTrustRatio,
    ScheduleFree,
    Sign,
    SkipNotFinite,
    SkipSpikes,
    TorqueAwareTrace,
    Trace,
    Where,
)
from tfx_updaters.optimizers.updaters import (
    UpdaterConfig,
    entry,
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
    "AdaptiveClip",
    "AddDecayedWeights",
    "AddNoise",
    "AggregatedTrace",
    "AutoClip",
    "BalanceNorms",
    "ByOrder",
    "Cautious",
    "CautiousDecay",
    "Centralize",
    "ChainedOptimizer",
    "Clip",
    "ClipByGlobalNorm",
    "ClipByNorm",
    "Context",
    "CustomWeightDecayUpdater",
    "DampRepeated",
    "Every",
    "Flag",
    "Frozen",
    "Hyperparameter",
    "HyperparameterError",
    "L1Proximal",
    "L2ToStart",
    "LayerDecay",
    "Lookahead",
    "MagnitudeClipUpdater",
    "NormalizeByGlobalNorm",
    "Pattern",
    "PerLayerMomentumUpdater",
    "Range",
    "RuleError",
    "Scale",
    "ScaleByAdam",
    "ScaleByAdan",
    "ScaleByDiffGrad",
    "ScaleByLion",
    "ScaleByRms",
    "ScaleByTrustRatio",
    "Schedule",
    "ScheduleFree",
    "Several",
    "Shared",
    "Sign",
    "SkipNotFinite",
    "SkipSpikes",
    "Slot",
    "TorqueAwareTrace",
    "Trace",
    "Transform",
    "UnknownNameError",
    "Updater",
    "UpdaterConfig",
    "UpdaterError",
    "WeightsOnly",
    "Where",
    "Whole",
    "entry",
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
