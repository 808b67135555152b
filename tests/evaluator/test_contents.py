"""The share of examples that two splits have in common, from batches in any order."""

import pickle

import numpy as np
import pytest
import tensorflow_model_analysis as tfma

from tfx_updaters.components.content import hashes
from tfx_updaters.components.evaluator import contents
from tfx_updaters.components.evaluator.contents import NONE, Contents, Part


def gathered(numbers: np.ndarray, batch: int) -> dict[int, Part]:
    """By two workers, whose batches are of that size, shard by shard."""
    found = Contents(), Contents()
    for place, start in enumerate(range(0, len(numbers), batch)):
        found[place % 2].add(numbers[start : start + batch])
    of_shard: dict[int, list[dict[str, Part]]] = {}
    for each in found:
        for shard, part in each.shards():
            of_shard.setdefault(shard, []).append({"view": part})
    return {shard: contents.gathered(parts)["view"] for shard, parts in of_shard.items()}


def share(mine: dict[int, Part], theirs: dict[int, Part]) -> float:
    counts = [contents.overlap(part, theirs.get(shard, NONE)) for shard, part in mine.items()]
    shared, known = np.sum(counts, axis=0)
    return shared / known


@pytest.mark.parametrize("batch", [1, 7, 64, 3000])
def test_the_share_counts_repeated_examples(batch):
    rng = np.random.default_rng(0)
    train = rng.integers(1 << 64, size=2000, dtype=np.uint64)
    evaluation = np.concatenate([train[:30], train[:30], train[30:40], train[:930] + np.uint64(1)])
    evaluation = rng.permutation(evaluation)
    assert share(gathered(evaluation, batch), gathered(train, batch)) == 70 / 1000


@pytest.mark.parametrize("batch", [50, 300])
def test_of_many_examples_a_sample_that_is_the_same_on_both_sides_is_compared(monkeypatch, batch):
    monkeypatch.setattr(contents, "KEPT", 2000 // contents.SHARDS)
    rng = np.random.default_rng(1)
    train = rng.integers(1 << 64, size=20_000, dtype=np.uint64)
    evaluation = np.concatenate([train[:2000], train[:8000] + np.uint64(1)])
    mine, of_train = gathered(rng.permutation(evaluation), batch), gathered(train, batch)
    assert {len(part.numbers) for part in of_train.values()} == {contents.KEPT}
    # Some 1,000 of them are known: two standard errors are 0.025.
    assert share(mine, of_train) == pytest.approx(0.2, abs=0.04)
    assert share(of_train, gathered(train, 2 * batch)) == 1.0


def test_nothing_is_shared_with_nothing():
    (nine,) = gathered(np.arange(9, dtype=np.uint64), 3).values()
    assert contents.overlap(nine, NONE).tolist() == [0, 9]
    assert contents.overlap(NONE, nine).tolist() == [0, 0]
    assert gathered(np.empty(0, np.uint64), 3) == {}


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


def test_a_shard_is_small_however_many_examples_there_are():
    numbers = np.random.default_rng(2).integers(1 << 64, size=1_500_000, dtype=np.uint64)
    found = Contents()
    found.add(numbers)
    parts = [part for _, part in found.shards()]
    assert len(parts) == contents.SHARDS
    assert {len(pickle.dumps(part)) < 200_000 for part in parts} == {True}
    assert sum(len(part.numbers) for part in parts) == contents.SHARDS * contents.KEPT == 1 << 20
