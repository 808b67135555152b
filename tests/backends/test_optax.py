"""Every transform that optax has, beside it: walks of 50 steps, on JAX."""

import pytest

pytest.importorskip("optax", reason="optax is in the environment of `make test-backends`")

import chains
import keras
import optax_peers
import ours
import stored
import walk

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="optax runs on JAX")


@pytest.fixture(scope="module")
def peers():
    return {name: optax_peers.walked(name) for name in optax_peers.PEERS}


def test_each_chain_has_its_peer():
    assert list(chains.OPTAX) == list(optax_peers.PEERS)


@pytest.mark.parametrize("name", chains.OPTAX)
def test_it_walks_as_optax(name, peers):
    walk.assert_same(ours.walked(chains.OPTAX[name]), peers[name])


def test_what_is_stored_is_what_optax_does(peers):
    found = stored.read("optax")
    assert list(found) == list(peers)
    for name, rows in found.items():
        walk.assert_same(stored.kept(peers[name]), rows, tolerance=1e-6)
