"""What the contract is run on: every transform, every combinator, every named updater."""

import functools

import keras

from tfx_updaters.optimizers import (
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
    CustomWeightDecayUpdater,
    DampRepeated,
    Every,
    Frozen,
    L1Proximal,
    L2ToStart,
    LayerDecay,
    Lookahead,
    MagnitudeClipUpdater,
    NormalizeByGlobalNorm,
    PerLayerMomentumUpdater,
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
    WeightsOnly,
    Where,
    get,
    names,
)
from tfx_updaters.optimizers.testing import maker

SCHEDULE = keras.optimizers.schedules.PolynomialDecay(0.9, 5, 0.5)
TRANSFORMS = [
    [AdaptiveClip(0.01)],
    [AddDecayedWeights(WeightsOnly(0.1))],
    [AddNoise(0.1)],
    [AggregatedTrace()],
    [AutoClip(50.0, window=3)],
    [BalanceNorms(0.5)],
    [Trace(0.9), Cautious()],
    [CautiousDecay(0.1)],
    [Centralize()],
    [Clip(0.5)],
    [ClipByGlobalNorm(0.5)],
    [ClipByNorm(0.5)],
    [DampRepeated()],
    [Every(2, Trace(0.9))],
    [L1Proximal(0.1)],
    [L2ToStart(0.1)],
    [Trace(0.9), Lookahead(2)],
    [NormalizeByGlobalNorm()],
    [Scale(LayerDecay(1.0, 0.5))],
    [Trace(0.9), Scale(Frozen("head"))],
    [ScaleByAdam()],
    [ScaleByAdam(nesterov=True)],
    [ScaleByAdan()],
    [ScaleByDiffGrad()],
    [ScaleByLion()],
    [ScaleByRms()],
    [ScaleByRms(centered=True)],
    [ScaleByTrustRatio()],
    [ScheduleFree()],
    [Sign()],
    [SkipNotFinite(), Trace(0.9)],
    [SkipSpikes(warmup=1), ScaleByAdam()],
    [TorqueAwareTrace()],
    [Trace(SCHEDULE)],
    [Trace({"conv": 0.5, "default": 0.9}, nesterov=True, dampening=0.1)],
    [Trace(0.9), ClipByGlobalNorm(0.1), Trace(0.5)],
    [Where("kernel", ClipByGlobalNorm(0.1)), ScaleByAdam(), Every(2, AddDecayedWeights(0.1))],
]
# Those whose state is packed too: of one and of several slots, with a veto, with a slot that copies
# the weights and is not packed, of some variables, and every other step.
PACKED = [
    [Trace({"conv": 0.5, "default": 0.9}, nesterov=True)],
    [ScaleByAdam(), AddDecayedWeights(WeightsOnly(0.1))],
    [AggregatedTrace()],
    [SkipNotFinite(), Trace(0.9), Lookahead(2)],
    [Where("kernel", Trace(0.9)), Every(2, ScaleByRms())],
]
MAKERS = {
    **{" -> ".join(map(str, chain)): maker(chain) for chain in TRANSFORMS},
    **{
        f"packed {' -> '.join(map(str, chain))}": functools.partial(maker(chain), packed_state=True)
        for chain in PACKED
    },
    **{name: get(name).optimizer for name in names()},
    "MagnitudeClipUpdater": lambda **keras_arguments: MagnitudeClipUpdater(
        0.1, 0.5, **keras_arguments
    ),
    "CustomWeightDecayUpdater": lambda **keras_arguments: CustomWeightDecayUpdater(
        0.1, 0.01, **keras_arguments
    ),
    "PerLayerMomentumUpdater": lambda **keras_arguments: PerLayerMomentumUpdater(
        0.1, [0.5, 0.9, 0.8, 0.7], **keras_arguments
    ),
}
# Rules by depth or by order, and noise by place, mean another thing in another order.
BY_ORDER = ("add_noise", "layer_decay", "PerLayerMomentumUpdater")
