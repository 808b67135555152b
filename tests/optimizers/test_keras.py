"""Chains beside Keras' own optimizers, on the backend that Keras runs on.

Not here: Keras' Nadam, whose beta1 is warmed up; its SGD with momentum under a rate that changes,
which bakes the rate into the velocity; its weight decay with a momentum, which is decoupled.
"""

import by_hand
import keras
import numpy as np
import ours
import pytest
import walk

from tfx_updaters.optimizers import (
    AddDecayedWeights,
    ChainedOptimizer,
    Clip,
    ClipByGlobalNorm,
    ClipByNorm,
    ScaleByAdam,
    ScaleByLion,
    ScaleByRms,
    Schedule,
    Trace,
)

# Keras' Adam adds eps before the correction for the start at zero: too small to be felt.
TINY = 1e-12
FALLING = Schedule(
    "ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8}
)


def adam(**arguments):
    return {"beta_1": 0.8, "beta_2": 0.95, "epsilon": TINY, **arguments}


ADAM = ScaleByAdam(0.8, 0.95, eps=TINY)
SAME = {
    "SGD": (0.1, [], lambda k: k.SGD(0.1)),
    "SGD, a rate that falls": (FALLING, [], lambda k: k.SGD(FALLING.keras())),
    "clipvalue": (0.1, [Clip(0.5)], lambda k: k.SGD(0.1, clipvalue=0.5)),
    "clipnorm": (0.1, [ClipByNorm(0.7)], lambda k: k.SGD(0.1, clipnorm=0.7)),
    "global_clipnorm": (
        0.1,
        [ClipByGlobalNorm(2.0)],
        lambda k: k.SGD(0.1, global_clipnorm=2.0),
    ),
    "momentum": (0.05, [Trace(0.9)], lambda k: k.SGD(0.05, 0.9)),
    "nesterov": (0.05, [Trace(0.9, nesterov=True)], lambda k: k.SGD(0.05, 0.9, nesterov=True)),
    "decoupled decay": (
        0.05,
        [Trace(0.9), AddDecayedWeights(0.1)],
        lambda k: k.SGD(0.05, 0.9, weight_decay=0.1),
    ),
    "Adam": (0.05, [ADAM], lambda k: k.Adam(0.05, **adam())),
    "AdamW": (
        0.05,
        [ADAM, AddDecayedWeights(0.1)],
        lambda k: k.AdamW(0.05, **adam(weight_decay=0.1)),
    ),
    "RMSprop": (0.05, [ScaleByRms(0.8, 1e-2)], lambda k: k.RMSprop(0.05, 0.8, epsilon=1e-2)),
    "RMSprop, centred": (
        0.05,
        [ScaleByRms(0.8, 1e-2, centered=True)],
        lambda k: k.RMSprop(0.05, 0.8, epsilon=1e-2, centered=True),
    ),
    "RMSprop, momentum": (
        0.01,
        [ScaleByRms(0.8, 1e-2), Trace(0.9)],
        lambda k: k.RMSprop(0.01, 0.8, 0.9, epsilon=1e-2),
    ),
    "Lion": (
        0.05,
        [ScaleByLion(0.8, 0.95), AddDecayedWeights(0.1)],
        lambda k: k.Lion(0.05, 0.8, 0.95, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_it_walks_as_keras(name):
    rate, transforms, peer = SAME[name]
    walk.assert_same(
        ours.optimized(ChainedOptimizer(rate, transforms)),
        ours.optimized(peer(keras.optimizers)),
        tolerance=2e-5,
    )


@pytest.mark.skipif(
    keras.backend.backend() == "torch",
    reason="Keras' SGD on torch multiplies and adds with one rounding",
)
@pytest.mark.parametrize("name", ["SGD", "clipvalue"])
def test_what_needs_no_arithmetic_of_its_own_is_equal_bit_for_bit(name):
    rate, transforms, peer = SAME[name]
    chain = ours.optimized(ChainedOptimizer(rate, transforms))
    np.testing.assert_array_equal(chain, ours.optimized(peer(keras.optimizers)))


def test_keras_adds_eps_earlier_as_the_docstring_of_adam_says():
    """Keras' eps counts for eps / sqrt(1 - beta2^t) at step t, by hand; ours is not that."""

    @by_hand.each
    def rule(t, g, w, memory):
        m = by_hand.mean(memory, "m", 0.8, g) / (1 - 0.8**t)
        v = by_hand.mean(memory, "v", 0.95, g**2) / (1 - 0.95**t)
        return m / (np.sqrt(v) + 1e-2 / np.sqrt(1 - 0.95**t))

    peer = ours.optimized(keras.optimizers.Adam(0.05, **adam(epsilon=1e-2)))
    walk.assert_same(peer, by_hand.descended(0.05, rule), tolerance=2e-5)
    chain = ours.optimized(ChainedOptimizer(0.05, [ScaleByAdam(0.8, 0.95, eps=1e-2)]))
    assert np.abs(chain - peer).max() > 1e-3


def test_a_rate_that_changes_acts_on_the_whole_trace_unlike_in_keras():
    chain = ours.optimized(ChainedOptimizer(FALLING, [Trace(0.9)]))
    peer = ours.optimized(keras.optimizers.SGD(FALLING.keras(), momentum=0.9))
    assert np.abs(chain - peer).max() > 0.1
