"""The share of examples that two splits have in common, from batches in any order."""

import numpy as np
import pytest
import tensorflow_model_analysis as tfma

from tfx_updaters.components.content import hashes
from tfx_updaters.components.evaluator import contents
from tfx_updaters.components.evaluator.contents import Contents


def gathered(numbers: np.ndarray, batch: int) -> Contents:
    """By two workers, whose batches are of that size."""
    found = Contents(), Contents()
    for place, start in enumerate(range(0, len(numbers), batch)):
        found[place % 2].add(numbers[start : start + batch])
    found[0].merge(found[1])
    return found[0]


@pytest.mark.parametrize("batch", [1, 7, 64, 3000])
def test_the_share_counts_repeated_examples(batch):
    rng = np.random.default_rng(0)
    train = rng.integers(1 << 63, size=2000, dtype=np.uint64)
    evaluation = np.concatenate([train[:30], train[:30], train[30:40], train[:930] + np.uint64(1)])
    evaluation = rng.permutation(evaluation)
    assert gathered(evaluation, batch).shared_with(gathered(train, batch)) == 70 / 1000


@pytest.mark.parametrize("batch", [50, 300])
def test_of_many_examples_a_sample_that_is_the_same_on_both_sides_is_compared(monkeypatch, batch):
    monkeypatch.setattr(contents, "KEPT", 2000)
    rng = np.random.default_rng(1)
    train = rng.integers(1 << 63, size=20_000, dtype=np.uint64)
    evaluation = np.concatenate([train[:2000], train[:8000] + np.uint64(1)])
    share = gathered(rng.permutation(evaluation), batch).shared_with(gathered(train, batch))
    # 1,000 of them are known: two standard errors are 0.025.
    assert share == pytest.approx(0.2, abs=0.04)
    assert gathered(train, batch).shared_with(gathered(train, 2 * batch)) == 1.0


def test_nothing_is_shared_with_nothing():
    assert Contents().shared_with(gathered(np.arange(9, dtype=np.uint64), 3)) == 0.0
    assert gathered(np.arange(9, dtype=np.uint64), 3).shared_with(Contents()) == 0.0


def test_rows_of_ragged_and_sparse_features_are_told_apart_by_their_values():
    # Rows: [5], [], [6, 7], [5]; one level deeper: [[5]], [], [[6], [7]], [[5]].
    values, splits = np.asarray([5, 6, 7, 5]), np.asarray([0, 1, 1, 3, 4])
    deep = tfma.types.RaggedTensorValue(values, [splits, np.arange(5)])
    places = np.asarray([[0, 0], [2, 0], [2, 1], [3, 0]])
    features = [
        tfma.types.RaggedTensorValue(values, [splits]),
        deep,
        tfma.types.SparseTensorValue(values, places, np.asarray([4, 2])),
    ]
    for feature in features:
        numbers = hashes({"words": feature}, 4)
        assert numbers[0] == numbers[3]
        assert len({*numbers.tolist()}) == 3
