"""Our chains that have a peer in optax or torch, under the names that the peers go by.

`eps` is larger than a default, so that where it is added matters.
"""

import dataclasses
import math
from typing import Any

import walk

from tfx_updaters.optimizers import (
    AdaptiveClip,
    AddDecayedWeights,
    Centralize,
    Clip,
    ClipByGlobalNorm,
    ClipByNorm,
    Every,
    LayerDecay,
    Lookahead,
    NormalizeByGlobalNorm,
    Scale,
    ScaleByAdam,
    ScaleByAdan,
    ScaleByLion,
    ScaleByRms,
    ScaleByTrustRatio,
    Schedule,
    ScheduleFree,
    Sign,
    SkipNotFinite,
    Trace,
    WeightsOnly,
    Where,
    get,
)

FALLING = {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8}
RATE_FALLS = Schedule("ExponentialDecay", FALLING)
MOMENTUM_FALLS = Schedule("ExponentialDecay", {**FALLING, "initial_learning_rate": 0.95})
# The norms that a root mean square of 0.7 makes.
RMS = {path: 0.7 * math.prod(shape) ** 0.5 for path, shape in walk.SHAPES.items()}


@dataclasses.dataclass(frozen=True)
class Chain:
    """A learning rate and transforms; `broken`: the walk has infinite gradients now and then."""

    rate: Any
    transforms: tuple[Any, ...]
    broken: bool = False


def chain(*transforms: Any, rate: Any = 0.05, broken: bool = False) -> Chain:
    """A chain at a rate at which the walk stays near where it starts."""
    return Chain(rate, transforms, broken)


def named(name: str, **hyperparameters: Any) -> Chain:
    """An updater of the catalogue."""
    config = get(name, **hyperparameters)
    return Chain(config.learning_rate, config.transforms)


OPTAX = {
    "clip": chain(Clip(0.5)),
    "clip_by_global_norm": chain(ClipByGlobalNorm(2.0)),
    "clip_by_norm": chain(ClipByNorm(RMS)),
    "adaptive_clip": chain(AdaptiveClip(0.2, eps=0.1)),
    "skip_not_finite": chain(SkipNotFinite(2), Clip(1.0), Trace(0.9), broken=True),
    "coupled_decay": chain(AddDecayedWeights(0.1), Trace(0.9)),
    "decoupled_decay": chain(Trace(0.9), AddDecayedWeights(0.1)),
    "decay_on_kernels": chain(Clip(1.0), AddDecayedWeights(WeightsOnly(0.3))),
    "decay_falls": chain(AddDecayedWeights(MOMENTUM_FALLS)),
    "trace": chain(Trace(0.9)),
    "trace_nesterov": chain(Trace(0.9, nesterov=True)),
    "trace_while_rate_falls": chain(Trace(0.9), rate=RATE_FALLS),
    "trace_that_falls": chain(Trace(MOMENTUM_FALLS)),
    "trace_by_layer": chain(Trace({"conv": 0.5, "dense": 0.9, "default": 0.0})),
    "scale_by_adam": chain(ScaleByAdam(0.8, 0.95, eps=1e-2)),
    "scale_by_adam_nesterov": chain(ScaleByAdam(0.8, 0.95, eps=1e-2, nesterov=True)),
    "scale_by_rms": chain(ScaleByRms(0.8, eps=1e-2)),
    "scale_by_rms_centered": chain(ScaleByRms(0.8, eps=1e-2, centered=True)),
    "scale_by_lion": chain(ScaleByLion(0.8, 0.95)),
    "scale_by_adan": chain(ScaleByAdan(0.9, 0.5, 0.95, eps=1e-2)),
    "sign": chain(Sign()),
    "signum": chain(Trace(0.9), Sign()),
    "scale_by_trust_ratio": chain(ScaleByTrustRatio(0.3, eps=1e-2)),
    "centralize": chain(Centralize(), Trace(0.9)),
    "normalize_by_global_norm": chain(NormalizeByGlobalNorm(eps=1e-2)),
    "lookahead": chain(Trace(0.9), Lookahead(6, 0.3)),
    "schedule_free": chain(ScheduleFree(0.8)),
    "schedule_free_adam": chain(ScaleByAdam(0.0, 0.95, eps=1e-2), ScheduleFree(0.9)),
    "scale_by_layer": chain(Scale(LayerDecay(1.0, 0.5))),
    "where": chain(Where("kernel", Trace(0.9))),
    "every": chain(Every(3, Trace(0.9))),
    "article_order": chain(Clip(1.0), AddDecayedWeights(0.1), Trace({"conv": 0.5, "default": 0.9})),
    "other_order": chain(AddDecayedWeights(0.1), Clip(1.0), Trace(0.9)),
    "magnitude_clip": named("magnitude_clip"),
    "custom_weight_decay": named("custom_weight_decay"),
    "per_layer_momentum": named("per_layer_momentum", learning_rate=0.02),
    "article": named("article", learning_rate=0.02),
    "sgd": named("sgd"),
    "momentum": named("momentum"),
    "nesterov": named("nesterov"),
    "sgd_agc": named("sgd_agc"),
    "rmsprop": named("rmsprop"),
    "adam": named("adam"),
    "adamw": named("adamw"),
    "nadam": named("nadam"),
    "lion": named("lion"),
    "lars": named("lars"),
    "lamb": named("lamb"),
    "lookahead_momentum": named("lookahead_momentum"),
    "schedule_free_sgd": named("schedule_free_sgd"),
}

TORCH = {
    "clip_grad_norm": chain(ClipByGlobalNorm(2.0)),
    "clip_grad_value": chain(Clip(0.5)),
    "sgd": chain(AddDecayedWeights(0.1), Trace(0.9)),
    "sgd_nesterov": chain(AddDecayedWeights(0.1), Trace(0.9, nesterov=True)),
    "sgd_dampening": chain(Trace(0.9, dampening=0.4)),
    "sgd_while_rate_falls": chain(Trace(0.9), rate=RATE_FALLS),
    "sgd_by_layer": chain(Trace({"conv": 0.5, "default": 0.9})),
    "adam": chain(ScaleByAdam(0.8, 0.95, eps=1e-2)),
    "adam_coupled_decay": chain(AddDecayedWeights(0.1), ScaleByAdam(0.8, 0.95, eps=1e-2)),
    "adamw": chain(ScaleByAdam(0.8, 0.95, eps=1e-2), AddDecayedWeights(0.1)),
    "nadam": chain(ScaleByAdam(0.8, 0.95, eps=1e-2, nesterov=True)),
    "rmsprop": chain(ScaleByRms(0.8, eps=1e-12)),
    "rmsprop_centered": chain(ScaleByRms(0.8, eps=1e-12, centered=True)),
    "rmsprop_momentum": chain(ScaleByRms(0.8, eps=1e-12), Trace(0.9), rate=0.01),
}
