"""Laws that hold for any gradients and weights: hypothesis looks for ones that break them.

A law is tried on one step, or on a few where a transform keeps state.
"""

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tfx_updaters.optimizers import (
    AdaptiveClip,
    AddDecayedWeights,
    AggregatedTrace,
    AutoClip,
    BalanceNorms,
    Cautious,
    Centralize,
    ChainedOptimizer,
    Clip,
    ClipByGlobalNorm,
    ClipByNorm,
    DampRepeated,
    Every,
    L1Proximal,
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
    SkipSpikes,
    TorqueAwareTrace,
    Trace,
    Where,
    names,
)
from tfx_updaters.optimizers import get as updater

SHAPES = {"conv/kernel": (2, 3), "conv/bias": (3,), "head/gain": ()}
RATE = 0.5
# TensorFlow rounds otherwise in a fused operation, which a combinator keeps a chain from.
FUSED = 2e-5
law = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

# Of a size at which float32 neither overflows nor underflows when squared; zero is one of them.
NUMBERS = st.floats(-100, 100, width=32).map(lambda x: 0.0 if abs(x) < 1e-3 else x)
FACTORS = st.sampled_from([0.25, 0.5, 2.0, 4.0])
ARRAYS = st.tuples(*(npst.arrays("float32", shape, elements=NUMBERS) for shape in SHAPES.values()))
SEVERAL = st.lists(ARRAYS, min_size=2, max_size=2)

WITHOUT_STATE = {
    "clip": Clip(1.0),
    "clip_by_norm": ClipByNorm(1.0),
    "adaptive_clip": AdaptiveClip(0.1),
    "decay": AddDecayedWeights(0.1),
    "centralize": Centralize(),
    "sign": Sign(),
    "scale": Scale(0.3),
    "trust_ratio": ScaleByTrustRatio(0.1),
}
WITH_STATE = {
    "trace": Trace(0.9),
    "nesterov": Trace(0.9, nesterov=True, dampening=0.1),
    "aggregated": AggregatedTrace(),
    "torque": TorqueAwareTrace(),
    "damp_repeated": DampRepeated(0.5),
    "adam": ScaleByAdam(),
    "nadam": ScaleByAdam(nesterov=True),
    "diffgrad": ScaleByDiffGrad(),
    "adan": ScaleByAdan(),
    "rms": ScaleByRms(centered=True),
    "lion": ScaleByLion(),
}
PER_VARIABLE = {**WITHOUT_STATE, **WITH_STATE}
OVER_ALL = {
    "global_norm": ClipByGlobalNorm(1.0),
    "normalize": NormalizeByGlobalNorm(),
    "balance": BalanceNorms(0.5),
    "auto_clip": AutoClip(50.0, window=2),
    "skip_spikes": SkipSpikes(2.0, warmup=1),
}
# A zero gradient leaves the weights where they are, whatever went before: none here keeps moving.
STAND_STILL = ["clip", "clip_by_norm", "adaptive_clip", "centralize", "sign", "scale"]
STAND_STILL += ["trust_ratio", "damp_repeated", "rms"]


def among(transforms):
    return pytest.mark.parametrize("transform", transforms.values(), ids=transforms)


def stepped(transforms, gradients, weights, rate=RATE, order=(0, 1, 2)):
    """The weights after a step with each of the gradients, in the order of `SHAPES`."""
    optimizer = transforms
    if not isinstance(transforms, keras.optimizers.Optimizer):
        optimizer = ChainedOptimizer(rate, transforms)
    made = {}
    for place in order:
        layer, name = list(SHAPES)[place].split("/")
        with keras.name_scope(layer):
            made[place] = keras.Variable(weights[place], name=name)
    optimizer.build(list(made.values()))
    for step in gradients:
        tensors = [keras.ops.convert_to_tensor(step[place]) for place in order]
        optimizer.apply(tensors, list(made.values()))
    return [keras.ops.convert_to_numpy(made[place]) for place in range(len(SHAPES))]


def update(transforms, gradients):
    """What one step at rate 1 makes of the gradients, from weights at zero."""
    zeros = [np.zeros(shape, "float32") for shape in SHAPES.values()]
    return [-w for w in stepped(transforms, [gradients], zeros, rate=1.0)]


def assert_equal(ours, others, tolerance=1e-5):
    for a, b in zip(ours, others, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def norm(arrays):
    return np.sqrt(sum(np.sum(np.square(a.astype("float64"))) for a in arrays))


IDEMPOTENT = {
    "clip": Clip(1.0),
    "clip_by_norm": ClipByNorm(2.0),
    "global_norm": ClipByGlobalNorm(2.0),
    "adaptive_clip": AdaptiveClip(0.1, eps=1.0),
    "centralize": Centralize(),
    "sign": Sign(),
}


@among(IDEMPOTENT)
@law
@given(gradients=ARRAYS)
def test_twice_is_as_once(transform, gradients):
    tolerance = 1e-4 if transform.name == "centralize" else 1e-6
    once, twice = update([transform], gradients), update([transform, transform], gradients)
    assert_equal(once, twice, tolerance)


@among({"clip": Clip(1.0), "norm": ClipByNorm(2.0), "global": ClipByGlobalNorm(2.0)})
@law
@given(gradients=ARRAYS)
def test_a_clip_never_lengthens_nor_turns_a_component_round(transform, gradients):
    clipped = update([transform], gradients)
    for a, b in zip(clipped, gradients, strict=True):
        assert np.all(np.abs(a) <= np.abs(b) * (1 + 1e-6))
        assert np.all(a * b >= 0)


@law
@given(gradients=ARRAYS)
def test_norms_are_within_their_bounds(gradients):
    assert all(norm([u]) <= 2 + 1e-5 for u in update([ClipByNorm(2.0)], gradients))
    assert norm(update([ClipByGlobalNorm(2.0)], gradients)) <= 2 + 1e-5


@law
@given(gradients=ARRAYS)
def test_within_its_bound_a_clip_does_nothing(gradients):
    bound = float(norm(gradients)) + 1.0
    for clip in (Clip(bound), ClipByNorm(bound), ClipByGlobalNorm(bound)):
        assert_equal(update([clip], gradients), gradients, tolerance=0)


@law
@given(gradients=SEVERAL, weights=ARRAYS)
def test_transforms_that_do_nothing_are_sgd(gradients, weights):
    sgd = stepped(keras.optimizers.SGD(RATE), gradients, weights)
    nothing = [Scale(1.0), Trace(0.0), AddDecayedWeights(0.0), Every(2, Scale(1.0))]
    nothing += [Where("kernel", Scale(1.0)), BalanceNorms(0.0), DampRepeated(1.0)]
    assert_equal(stepped([], gradients, weights), sgd, tolerance=0)
    assert_equal(stepped(nothing, gradients, weights), sgd, tolerance=1e-6)


@among({k: PER_VARIABLE[k] for k in ("centralize", "trace", "nesterov", "aggregated", "scale")})
@law
@given(gradients=SEVERAL, weights=ARRAYS, factor=FACTORS)
def test_a_linear_transform_scales_with_its_gradients(transform, gradients, weights, factor):
    assert_equal(
        stepped([transform, Scale(factor)], gradients, weights),
        stepped([Scale(factor), transform], gradients, weights),
        tolerance=1e-4,
    )


SCALE_FREE = {
    "sign": Sign(),
    "lion": ScaleByLion(),
    "adam": ScaleByAdam(eps=1e-12),
    "nadam": ScaleByAdam(eps=1e-12, nesterov=True),
    "adan": ScaleByAdan(eps=1e-12),
    "rms": ScaleByRms(eps=1e-12),
    "normalize": NormalizeByGlobalNorm(eps=1e-12),
    "trust_ratio": ScaleByTrustRatio(),
}


@among(SCALE_FREE)
@law
@given(gradients=SEVERAL, weights=ARRAYS, factor=FACTORS)
def test_the_scale_of_the_gradients_does_not_matter(transform, gradients, weights, factor):
    # By trust ratio a variable at zero has no scale of its own; by power of two all is exact.
    assume(all(norm([w]) > 1 for w in weights) or transform.name != "scale_by_trust_ratio")
    assert_equal(
        stepped([transform], gradients, weights),
        stepped([Scale(factor), transform], gradients, weights),
        tolerance=1e-4,
    )


RULED = {
    "clip": Clip,
    "clip_by_norm": ClipByNorm,
    "adaptive_clip": AdaptiveClip,
    "decay": AddDecayedWeights,
    "l1": L1Proximal,
    "trace": lambda value: Trace(value, dampening=value),
    "damp": DampRepeated,
    "adam": lambda value: ScaleByAdam(value, value),
    "lion": lambda value: ScaleByLion(value, value),
    "rms": lambda value: ScaleByRms(value, centered=True),
}


@pytest.mark.parametrize("make", RULED.values(), ids=RULED)
@law
@given(gradients=SEVERAL, weights=ARRAYS, value=st.floats(0.125, 0.875, width=32))
def test_a_rule_that_is_equal_everywhere_is_the_number(make, gradients, weights, value):
    rule = {"kernel": value, "bias": value, "default": value}
    number = stepped([make(value)], gradients, weights)
    assert_equal(stepped([make(rule)], gradients, weights), number, tolerance=FUSED)


@among(PER_VARIABLE)
@law
@given(gradients=SEVERAL, weights=ARRAYS)
def test_for_some_and_then_for_the_others_is_for_all(transform, gradients, weights):
    parts = [Where("kernel$", transform), Where("^(?!.*kernel$)", transform)]
    whole = stepped([transform], gradients, weights)
    assert_equal(stepped(parts, gradients, weights), whole, tolerance=FUSED)


@among({**PER_VARIABLE, **OVER_ALL})
@law
@given(gradients=SEVERAL, weights=ARRAYS)
def test_every_step_is_each_step(transform, gradients, weights):
    each = stepped([transform], gradients, weights)
    assert_equal(stepped([Every(1, transform)], gradients, weights), each, tolerance=FUSED)


@pytest.mark.parametrize("name", names())
@settings(law, max_examples=2)
@given(gradients=SEVERAL, weights=ARRAYS, order=st.permutations(range(len(SHAPES))))
def test_the_order_of_the_variables_does_not_matter(name, gradients, weights, order):
    config = updater(name)
    assert_equal(
        stepped(config.optimizer(), gradients, weights),
        stepped(config.optimizer(), gradients, weights, order=order),
        tolerance=1e-6,
    )


@among(OVER_ALL)
@law
@given(gradients=SEVERAL, weights=ARRAYS, order=st.permutations(range(len(SHAPES))))
def test_nor_where_a_transform_sees_all(transform, gradients, weights, order):
    assert_equal(
        stepped([transform], gradients, weights),
        stepped([transform], gradients, weights, order=order),
    )


@among({name: PER_VARIABLE[name] for name in STAND_STILL})
@law
@given(gradients=SEVERAL, weights=ARRAYS)
def test_without_a_gradient_a_weight_stands_still(transform, gradients, weights):
    still = [np.zeros(shape, "float32") for shape in SHAPES.values()]
    moved = stepped([transform], gradients, weights)
    assert_equal(stepped([transform], [*gradients, still], weights), moved, tolerance=0)


@among({**WITH_STATE, **OVER_ALL, "cautious": Cautious(), "schedule_free": ScheduleFree()})
@law
@given(weights=ARRAYS)
def test_without_any_gradient_the_weights_stay_finite_and_where_they_are(transform, weights):
    still = [np.zeros(shape, "float32") for shape in SHAPES.values()]
    assert_equal(stepped([transform], [still] * 2, weights), weights, tolerance=1e-6)
