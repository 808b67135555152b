"""The transforms, one idea a file."""

from tfx_updaters.optimizers.transforms.across import (
    BalanceNorms,
    Cautious,
    Centralize,
    NormalizeByGlobalNorm,
)
from tfx_updaters.optimizers.transforms.adam import ScaleByAdam, ScaleByDiffGrad
from tfx_updaters.optimizers.transforms.adan import ScaleByAdan
from tfx_updaters.optimizers.transforms.adaptive_clip import AdaptiveClip
from tfx_updaters.optimizers.transforms.aggregated import AggregatedTrace
from tfx_updaters.optimizers.transforms.auto_clip import AutoClip
from tfx_updaters.optimizers.transforms.clip import Clip
from tfx_updaters.optimizers.transforms.clip_norm import ClipByGlobalNorm, ClipByNorm
from tfx_updaters.optimizers.transforms.combine import Every, Where
from tfx_updaters.optimizers.transforms.damping import DampRepeated
from tfx_updaters.optimizers.transforms.decay import AddDecayedWeights, CautiousDecay
from tfx_updaters.optimizers.transforms.lion import ScaleByLion, Sign
from tfx_updaters.optimizers.transforms.lookahead import Lookahead
from tfx_updaters.optimizers.transforms.noise import AddNoise
from tfx_updaters.optimizers.transforms.regularizers import L1Proximal, L2ToStart
from tfx_updaters.optimizers.transforms.rms import ScaleByRms
from tfx_updaters.optimizers.transforms.scale import Scale
from tfx_updaters.optimizers.transforms.schedule_free import ScheduleFree
from tfx_updaters.optimizers.transforms.skip import SkipNotFinite, SkipSpikes
from tfx_updaters.optimizers.transforms.torque import TorqueAwareTrace
from tfx_updaters.optimizers.transforms.trace import Trace
from tfx_updaters.optimizers.transforms.trust_ratio import ScaleByTrustRatio

__all__ = [
    "AdaptiveClip",
    "AddDecayedWeights",
    "AddNoise",
    "AggregatedTrace",
    "AutoClip",
    "BalanceNorms",
    "Cautious",
    "CautiousDecay",
    "Centralize",
    "Clip",
    "ClipByGlobalNorm",
    "ClipByNorm",
    "DampRepeated",
    "Every",
    "L1Proximal",
    "L2ToStart",
    "Lookahead",
    "NormalizeByGlobalNorm",
    "Scale",
    "ScaleByAdam",
    "ScaleByAdan",
    "ScaleByDiffGrad",
    "ScaleByLion",
    "ScaleByRms",
    "ScaleByTrustRatio",
    "ScheduleFree",
    "Sign",
    "SkipNotFinite",
    "SkipSpikes",
    "TorqueAwareTrace",
    "Trace",
    "Where",
]
