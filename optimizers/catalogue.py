"""The catalogue of named updaters: each a chain of transforms with a learning rate."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from tfx_updaters.optimizers.hyper import Allowed, Range
from tfx_updaters.optimizers.presets import WeightsOnly
from tfx_updaters.optimizers.transform import Transform
from tfx_updaters.optimizers.transforms import (
    AdaptiveClip,
    AddDecayedWeights,
    AggregatedTrace,
    Cautious,
    Clip,
    DampRepeated,
    Lookahead,
    ScaleByAdam,
    ScaleByAdan,
    ScaleByDiffGrad,
    ScaleByLion,
    ScaleByRms,
    ScaleByTrustRatio,
    ScheduleFree,
    TorqueAwareTrace,
    Trace,
    Where,
)

RATE = "learning_rate"
ARTICLE = (
    "How does a custom parameter update affect TensorFlow convolutional network performance? (2025)"
)
# Every variable but biases and those of normalization.
WEIGHTS = r"^(?!.*(bias|gamma|beta|scale)$)"


@dataclasses.dataclass(frozen=True)
class Hyperparameter:
    """A named value of an updater: its default, what it allows, what it means."""

    name: str
    default: Any
    allowed: Allowed
    help: str


@dataclasses.dataclass(frozen=True)
class Updater:
    """An entry of the catalogue.

    Attributes:
        name: what the command line and JSON call it.
        summary: what it does, in a sentence.
        when: when to use it.
        source: where it comes from.
        hyperparameters: the learning rate first.
        chain: makes the transforms from the hyper-parameters' values by name.
    """

    name: str
    summary: str
    when: str
    source: str
    hyperparameters: tuple[Hyperparameter, ...]
    chain: Callable[[Mapping[str, Any]], tuple[Transform, ...]] = dataclasses.field(repr=False)


def _rate(default: float) -> Hyperparameter:
    return Hyperparameter(RATE, default, Range(0, open_low=True), "the step size")


def _of(
    transform: type[Transform], field: str, default: Any = None, name: str = ""
) -> Hyperparameter:
    """A hyper-parameter of a transform, where need be with a default or a name of its own."""
    declared = next(f for f in dataclasses.fields(transform) if f.name == field)  # type: ignore[arg-type]
    value = declared.default if default is None else default
    meta = declared.metadata
    return Hyperparameter(name or field, value, meta["allowed"], meta["help"])


def _kernels_only(rate: Any) -> Any:
    """A number for kernels alone; a rule as it is."""
    return WeightsOnly(rate) if isinstance(rate, int | float) else rate


_CLIP = _of(Clip, "max_abs", 1.0, "max_gradient_value")
_DECAY = _of(AddDecayedWeights, "rate", 0.0005, "weight_decay_rate")
_COEFS = _of(Trace, "momentum", 0.9, "layer_momentum_coefs")
_MOMENTUM = _of(Trace, "momentum", 0.9)
_ADAM = tuple(_of(ScaleByAdam, field) for field in ("beta1", "beta2", "eps"))


def _adam(v: Mapping[str, Any], nesterov: bool = False) -> ScaleByAdam:
    return ScaleByAdam(v["beta1"], v["beta2"], v["eps"], nesterov)


# The article's rate of 0.001 does not train a small CNN in a few hundred steps. The catalogue's
# defaults do (scikit-learn's digits, 9 epochs); the article's classes keep the article's.
CATALOGUE = {
    updater.name: updater
    for updater in (
        Updater(
            "article",
            "Element-wise clip, then weight decay added to the gradient, then momentum per layer.",
            "the three ideas together: the default.",
            ARTICLE,
            (_rate(0.05), _CLIP, _DECAY, _COEFS),
            lambda v: (
                Clip(v["max_gradient_value"]),
                AddDecayedWeights(v["weight_decay_rate"]),
                Trace(v["layer_momentum_coefs"]),
            ),
        ),
        Updater(
            "magnitude_clip",
            "Limits each component of the gradient to a largest magnitude.",
            "outliers in the data make single components spike.",
            f"{ARTICLE}, example 1; Pascanu et al. (2013), section 3.2",
            (_rate(0.1), _CLIP),
            lambda v: (Clip(v["max_gradient_value"]),),
        ),
        Updater(
            "custom_weight_decay",
            "Adds a share of the weight to its gradient (coupled, as L2 in the loss).",
            "the model memorizes the train split.",
            f"{ARTICLE}, example 2; Krogh & Hertz (1991), equation 3",
            (_rate(0.1), _DECAY),
            lambda v: (AddDecayedWeights(v["weight_decay_rate"]),),
        ),
        Updater(
            "per_layer_momentum",
            "Momentum with a coefficient for each layer.",
            "layers differ much in size, or in how noisy their gradients are.",
            f"{ARTICLE}, example 3; Polyak (1964); Sutskever et al. (2013), section 2",
            (_rate(0.05), _COEFS),
            lambda v: (Trace(v["layer_momentum_coefs"]),),
        ),
        Updater(
            "damped_sgd",
            "The gradient, made smaller where its sign repeats.",
            "to see what the article's damping of repeated steps does.",
            f"{ARTICLE}, second paragraph",
            (_rate(0.1), _of(DampRepeated, "factor")),
            lambda v: (DampRepeated(v["factor"]),),
        ),
        Updater(
            "sgd",
            "The gradient as it is.",
            "the reference that an update is compared with.",
            "Robbins & Monro (1951)",
            (_rate(0.1),),
            lambda v: (),
        ),
        Updater(
            "momentum",
            "A decaying sum of gradients (heavy ball).",
            "the reference for image nets, with a rate that decays.",
            "Polyak (1964), equation 9",
            (_rate(0.05), _MOMENTUM),
            lambda v: (Trace(v["momentum"]),),
        ),
        Updater(
            "nesterov",
            "Momentum that looks one step ahead.",
            "as momentum, with larger rates.",
            "Nesterov (1983); Sutskever et al. (2013), section 2",
            (_rate(0.05), _MOMENTUM),
            lambda v: (Trace(v["momentum"], nesterov=True),),
        ),
        Updater(
            "aggmo",
            "The mean of several momenta, fast and slow.",
            "a momentum near 1 oscillates.",
            "Lucas et al. (2019), equation 4",
            (_rate(0.05), _of(AggregatedTrace, "momenta")),
            lambda v: (AggregatedTrace(v["momenta"]),),
        ),
        Updater(
            "torque_momentum",
            "Momentum in which a gradient that turns against it counts for less.",
            "noisy or inconsistent gradients.",
            "Malviya et al. (2024), equations 2 to 4",
            (_rate(0.05), _of(TorqueAwareTrace, "momentum"), _of(TorqueAwareTrace, "smoothing")),
            lambda v: (TorqueAwareTrace(v["momentum"], v["smoothing"]),),
        ),
        Updater(
            "sgd_agc",
            "Momentum on gradients clipped by unit against the unit's weights.",
            "nets without batch normalization.",
            "Brock et al. (2021), equation 3",
            (_rate(0.05), _of(AdaptiveClip, "clipping"), _MOMENTUM),
            lambda v: (AdaptiveClip(v["clipping"]), Trace(v["momentum"], nesterov=True)),
        ),
        Updater(
            "rmsprop",
            "The gradient over the root of its running mean square.",
            "recurrent nets; data that change.",
            "Hinton, lecture 6e (2012)",
            (_rate(0.001), _of(ScaleByRms, "decay"), _of(ScaleByRms, "eps")),
            lambda v: (ScaleByRms(v["decay"], v["eps"]),),
        ),
        Updater(
            "adam",
            "Running mean of the gradient over the root of its running mean square.",
            "little tuning; sparse or noisy gradients.",
            "Kingma & Ba (2015), algorithm 1",
            (_rate(0.002), *_ADAM),
            lambda v: (_adam(v),),
        ),
        Updater(
            "adamw",
            "Adam, then decoupled weight decay.",
            "Adam that is to generalize.",
            "Loshchilov & Hutter (2019), algorithm 2",
            (_rate(0.002), *_ADAM, _of(AddDecayedWeights, "rate", 0.01, "weight_decay_rate")),
            lambda v: (_adam(v), AddDecayedWeights(v["weight_decay_rate"])),
        ),
        Updater(
            "cautious_adamw",
            "AdamW without the components that would go uphill.",
            "as AdamW, for faster progress.",
            "Liang et al. (2024), algorithm 2",
            (_rate(0.002), *_ADAM, _of(AddDecayedWeights, "rate", 0.01, "weight_decay_rate")),
            lambda v: (_adam(v), Cautious(), AddDecayedWeights(v["weight_decay_rate"])),
        ),
        Updater(
            "nadam",
            "Adam that looks one step ahead.",
            "as Adam.",
            "Dozat (2016)",
            (_rate(0.002), *_ADAM),
            lambda v: (_adam(v, nesterov=True),),
        ),
        Updater(
            "diffgrad",
            "Adam, slower where the gradient hardly changes.",
            "Adam overshoots flat minima.",
            "Dubey et al. (2019), equations 4 to 6",
            (_rate(0.002), *(_of(ScaleByDiffGrad, f) for f in ("beta1", "beta2", "eps"))),
            lambda v: (ScaleByDiffGrad(v["beta1"], v["beta2"], v["eps"]),),
        ),
        Updater(
            "adan",
            "Adaptive Nesterov momentum from gradients and their differences.",
            "as Adam, at larger rates.",
            "Xie et al. (2022), algorithm 1",
            (_rate(0.002), *(_of(ScaleByAdan, f) for f in ("beta1", "beta2", "beta3", "eps"))),
            lambda v: (ScaleByAdan(v["beta1"], v["beta2"], v["beta3"], v["eps"]),),
        ),
        Updater(
            "lion",
            "The sign of an interpolated momentum, then decoupled weight decay.",
            "large batches; one slot where Adam has two.",
            "Chen et al. (2023), algorithm 2",
            (
                _rate(0.0005),
                _of(ScaleByLion, "beta1"),
                _of(ScaleByLion, "beta2"),
                _of(AddDecayedWeights, "rate", 0.01, "weight_decay_rate"),
            ),
            lambda v: (
                ScaleByLion(v["beta1"], v["beta2"]),
                AddDecayedWeights(v["weight_decay_rate"]),
            ),
        ),
        Updater(
            "lars",
            "Coupled decay and a step in proportion to the layer's weights, then momentum.",
            "batches of thousands of images.",
            "You et al. (2017), algorithm 1",
            (
                _rate(0.05),
                _of(ScaleByTrustRatio, "coefficient", 0.1),
                _of(AddDecayedWeights, "rate", 0.0005, "weight_decay_rate"),
                _MOMENTUM,
            ),
            lambda v: (
                AddDecayedWeights(_kernels_only(v["weight_decay_rate"])),
                Where(WEIGHTS, ScaleByTrustRatio(v["coefficient"])),
                Trace(v["momentum"]),
            ),
        ),
        Updater(
            "lamb",
            "AdamW with a step in proportion to the layer's weights.",
            "batches of thousands of examples.",
            "You et al. (2020), algorithm 2",
            (_rate(0.01), *_ADAM, _of(AddDecayedWeights, "rate", 0.01, "weight_decay_rate")),
            lambda v: (
                _adam(v),
                AddDecayedWeights(_kernels_only(v["weight_decay_rate"])),
                Where(WEIGHTS, ScaleByTrustRatio()),
            ),
        ),
        Updater(
            "lookahead_momentum",
            "Momentum whose weights go back half of the way every few steps.",
            "a fast inner optimizer oscillates.",
            "Zhang et al. (2019), algorithm 1",
            (_rate(0.05), _MOMENTUM, _of(Lookahead, "period"), _of(Lookahead, "share")),
            lambda v: (Trace(v["momentum"]), Lookahead(v["period"], v["share"])),
        ),
        Updater(
            "schedule_free_sgd",
            "SGD whose result is the mean of its iterates; no decay of the rate is needed.",
            "the number of steps is not known in advance.",
            "Defazio et al. (2024), equations 6 to 8",
            (_rate(0.5), _of(ScheduleFree, "beta")),
            lambda v: (ScheduleFree(v["beta"]),),
        ),
    )
}
