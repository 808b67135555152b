"""State of small variables in one variable: the same steps, kept in another way."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfx_updaters.optimizers import (
    AggregatedTrace,
    ChainedOptimizer,
    Lookahead,
    ScaleByAdam,
    Trace,
    UpdaterError,
    packed,
)
from tfx_updaters.optimizers.testing import descend, equal, variables

CHAINS = {
    "momentum": [Trace(0.9)],
    "adam": [ScaleByAdam()],
    "aggmo": [AggregatedTrace()],
    "both": [Trace({"conv": 0.5, "default": 0.9}), Lookahead(2)],
}


def of_sizes(*sizes: int, dtype: str = "float32") -> list:
    return [keras.Variable(np.ones(n), dtype=dtype, name=f"v{i}") for i, n in enumerate(sizes)]


def state(chain: list, *sizes: int, dtype: str = "float32") -> list[tuple[str, tuple]]:
    """Types and shapes of what an optimizer keeps beside what Keras does itself."""
    optimizer = ChainedOptimizer(0.1, chain, packed_state=True)
    own = len(optimizer.variables)
    optimizer.build(of_sizes(*sizes, dtype=dtype))
    return [(v.dtype, tuple(v.shape)) for v in optimizer.variables[own:]]


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_the_steps_are_the_same(chain):
    found = [
        descend(ChainedOptimizer(0.1, chain, packed_state=how), variables(), range(5))
        for how in (True, False)
    ]
    equal(*found)


def test_one_variable_for_each_slot():
    assert state([Trace(0.9)], 3, 4, 5) == [("float32", (12,))]
    assert state([ScaleByAdam()], 3, 4) == [("float32", (7,))] * 2
    assert state([Trace(0.9)], 3, 4, dtype="bfloat16") == [("float32", (7,))]


def test_large_ones_and_one_alone_keep_their_own():
    most = packed.MOST
    assert state([Trace(0.9)], 3, most + 1, most) == [
        ("float32", (3 + most,)), ("float32", (most + 1,))
    ]  # fmt: skip
    assert state([Trace(0.9)], 3, most + 1) == [("float32", (3,)), ("float32", (most + 1,))]


def test_a_variable_without_a_gradient_keeps_its_part():
    trained = variables()
    optimizer = ChainedOptimizer(0.1, [Trace(0.9)], packed_state=True)
    descend(optimizer, trained, [0])
    before = np.array(packed_part(optimizer, trained[0]))
    optimizer.apply([tf.ones(v.shape) for v in trained[1:]], trained[1:])
    assert np.array_equal(packed_part(optimizer, trained[0]), before)
    assert before.any()


def packed_part(optimizer: ChainedOptimizer, variable: keras.Variable) -> np.ndarray:
    part = optimizer.momentum(variable)
    return part.of(part.pack.variable.numpy())


def network(how: bool) -> keras.Model:
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="head")])
    made.compile(ChainedOptimizer(0.1, [Trace(0.9)], packed_state=how), "mse")
    made.optimizer.build(made.trainable_variables)
    return made


@pytest.mark.parametrize("how", [True, False])
def test_state_that_is_kept_in_another_way_is_refused(how, tmp_path):
    network(how).save_weights(tmp_path / "a.weights.h5")
    network(how).load_weights(tmp_path / "a.weights.h5")
    with pytest.raises(ValueError, match="with packed_state"):
        network(not how).load_weights(tmp_path / "a.weights.h5")
    path = tf.train.Checkpoint(optimizer=network(how).optimizer).save(str(tmp_path / "c"))
    with pytest.raises(UpdaterError, match="with packed_state"):
        tf.train.Checkpoint(optimizer=network(not how).optimizer).restore(path)


def test_a_saved_model_keeps_the_way(tmp_path):
    network(True).save(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras").optimizer.packed_state
