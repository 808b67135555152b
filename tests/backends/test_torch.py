"""Every update that torch has too, beside it: walks of 50 steps, on torch."""

import pytest

pytest.importorskip("torch", reason="torch is in the environment of `make test-backends`")

import chains
import keras
import ours
import stored
import torch_peers
import walk

pytestmark = pytest.mark.skipif(keras.backend.backend() != "torch", reason="not beside another")


@pytest.fixture(scope="module")
def peers():
    return {name: torch_peers.walked(name) for name in torch_peers.PEERS}


def test_each_chain_has_its_peer():
    assert list(chains.TORCH) == list(torch_peers.PEERS)


@pytest.mark.parametrize("name", chains.TORCH)
def test_it_walks_as_torch(name, peers):
    walk.assert_same(ours.walked(chains.TORCH[name]), peers[name])


def test_what_is_stored_is_what_torch_does(peers):
    found = stored.read("torch")
    assert list(found) == list(peers)
    for name, rows in found.items():
        walk.assert_same(stored.kept(peers[name]), rows, tolerance=1e-6)
