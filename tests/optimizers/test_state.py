"""Saved state goes back into the chain that it belongs to, and into no other."""

import keras
import pytest
import tensorflow as tf

from tfx_updaters.optimizers import ChainedOptimizer, Clip, Trace, UpdaterError
from tfx_updaters.optimizers.testing import descend, variables


def network(optimizer):
    net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="head")])
    net.compile(optimizer, "mse")
    optimizer.build(net.trainable_variables)
    return net


def chain(momentum):
    return ChainedOptimizer(0.1, [Clip(1.0), Trace(momentum)])


def test_a_weights_file_of_another_chain_shows_both(tmp_path):
    network(chain(0.9)).save_weights(tmp_path / "a.weights.h5")
    network(chain(0.9)).load_weights(tmp_path / "a.weights.h5")
    # Keras collects what could not be loaded in an error of its own.
    with pytest.raises(ValueError, match=r"another chain\n.*0\.9.*\n.*0\.5"):
        network(chain(0.5)).load_weights(tmp_path / "a.weights.h5")


def test_a_checkpoint_of_another_chain_shows_both(tmp_path):
    saved = network(chain(0.9))
    path = tf.train.Checkpoint(optimizer=saved.optimizer).save(str(tmp_path / "c"))
    tf.train.Checkpoint(optimizer=network(chain(0.9)).optimizer).restore(path)
    with pytest.raises(UpdaterError, match=r"another chain\n.*0\.9.*\n.*0\.5"):
        tf.train.Checkpoint(optimizer=network(chain(0.5)).optimizer).restore(path)


def test_pretrained_weights_with_the_state_of_another_optimizer_load_with_a_warning(tmp_path):
    pretrained = network(keras.optimizers.Adam())
    pretrained.save_weights(tmp_path / "a.weights.h5")
    net = network(chain(0.9))
    with pytest.warns(UserWarning, match="Skipping variable loading for optimizer"):
        net.load_weights(tmp_path / "a.weights.h5")
    assert (net.get_weights()[0] == pretrained.get_weights()[0]).all()


def test_equal_chains_have_equal_fingerprints_whatever_the_rate():
    assert chain(0.9).fingerprint == ChainedOptimizer(3.0, [Clip(1.0), Trace(0.9)]).fingerprint
    assert chain(0.9).fingerprint != chain(0.8).fingerprint
    assert chain(0.9).fingerprint != ChainedOptimizer(0.1, [Trace(0.9), Clip(1.0)]).fingerprint


def test_other_variables_than_it_was_built_for_are_refused_by_name():
    optimizer = chain(0.9)
    descend(optimizer, variables(), [0])
    for use in (lambda other: descend(optimizer, other, [0]), optimizer.build):
        with pytest.raises(UpdaterError, match=r"received the variables conv/kernel.*built for"):
            use(variables())
