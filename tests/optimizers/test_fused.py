"""A transform fused with the descent computes what it computes where others follow it."""

from dataclasses import dataclass

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfx_updaters.optimizers import (
    AddDecayedWeights,
    ChainedOptimizer,
    Clip,
    Scale,
    ScaleByAdam,
    SkipNotFinite,
    Trace,
)

DECAYING = {
    "schedule": "ExponentialDecay",
    "initial_learning_rate": 0.9,
    "decay_steps": 10,
    "decay_rate": 0.9,
}
CHAINS = {
    "trace": [Trace(0.9)],
    "nesterov": [Clip(1.0), Trace(0.9, nesterov=True)],
    "a rule": [AddDecayedWeights(0.01), Trace({"a": 0.5, "default": 0.9})],
    "a schedule": [ScaleByAdam(DECAYING, 0.99, 1e-3)],
    "adamw": [ScaleByAdam(0.9, 0.99, 1e-3), AddDecayedWeights({"a": 0.1, "default": 0.0})],
    "adam": [ScaleByAdam(0.9, 0.99, 1e-3)],
}


def variables(dtype):
    rng = np.random.default_rng(0)
    shapes = {"a": (3, 4), "b": (), "c": (0,)}
    return [keras.Variable(rng.normal(size=s), dtype=dtype, name=n) for n, s in shapes.items()]


def trained(chain, dtype, jit):
    made, optimizer = variables(dtype), ChainedOptimizer(0.05, chain)
    optimizer.build(made)
    step = tf.function(lambda *g: optimizer.apply(g, made), jit_compile=jit)
    rng = np.random.default_rng(1)
    for _ in range(20):
        step(*(tf.constant(rng.normal(size=v.shape), dtype) for v in made))
    return [keras.ops.convert_to_numpy(keras.ops.cast(v, "float64")) for v in made], step


def operations(step):
    return {
        op.type for op in next(iter(step._list_all_concrete_functions())).graph.get_operations()
    }


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("name", CHAINS)
def test_fused_or_not_is_the_same(name, dtype, jit):
    (fused, step), (plain, _) = (
        trained(chain, dtype, jit) for chain in (CHAINS[name], [*CHAINS[name], Scale(1.0)])
    )
    half = dtype in ("float16", "bfloat16")
    assert half != bool(operations(step) & {"ResourceApplyMomentum", "ResourceApplyAdam"})
    for a, b in zip(fused, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize(
    "chain",
    [[Trace(0.9, dampening=0.1)], [ScaleByAdam(nesterov=True)], [SkipNotFinite(), Trace(0.9)]],
)  # fmt: skip
def test_what_has_no_fused_operation_goes_the_long_way(chain):
    _, step = trained(chain, "float32", jit=False)
    assert not operations(step) & {"ResourceApplyMomentum", "ResourceApplyAdam"}


def test_a_subclass_with_an_update_of_its_own_is_not_fused():
    @dataclass(frozen=True)
    class Doubled(Trace):
        def update(self, update, context):
            return 2 * super().update(update, context)

    (doubled, _), (plain, _) = (
        trained(chain, "float32", jit=False) for chain in ([Doubled(0.9)], [Trace(0.9), Scale(2.0)])
    )
    for a, b in zip(doubled, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
