"""Stored walks of optax and torch: ours go the same way, where neither is installed.

`tests/optimizers/golden/stored.py` makes them; `make test-backends` holds them up to their peers.
"""

import chains
import ours
import pytest
import stored
import walk


def test_every_chain_has_a_stored_walk():
    assert set(stored.read("optax")) == set(chains.OPTAX)
    assert set(stored.read("torch")) == set(chains.TORCH)


@pytest.mark.parametrize("name", chains.OPTAX)
def test_it_walks_as_optax_did(name):
    walk.assert_same(stored.kept(ours.walked(chains.OPTAX[name])), stored.read("optax")[name])


@pytest.mark.parametrize("name", chains.TORCH)
def test_it_walks_as_torch_did(name):
    walk.assert_same(stored.kept(ours.walked(chains.TORCH[name])), stored.read("torch")[name])


def test_order_is_meaning():
    first, other = (ours.walked(chains.OPTAX[name]) for name in ("article_order", "other_order"))
    assert abs(first[-1] - other[-1]).max() > 0.1


def test_decay_before_a_momentum_is_not_decay_after_it():
    first, other = (ours.walked(chains.OPTAX[n]) for n in ("coupled_decay", "decoupled_decay"))
    assert abs(first[-1] - other[-1]).max() > 0.1
