"""Windows that overlap: none that validates shares a reading with one that is trained on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_updaters.components import DataError, testing
from tfx_updaters.components.study import examples, spans
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.data import Data
from tfx_updaters.components.study.plan import WINDOW_CNN, Plan


def cut(groups: int, windows: int, length: int, stride: int, order: int = 0) -> np.ndarray:
    """Spans of windows of series, in a random order."""
    made = [
        (group, at * stride, at * stride + length - 1)
        for group in range(groups)
        for at in range(windows)
    ]
    return np.random.default_rng(order).permutation(np.array(made))


def share_a_time(one: np.ndarray, others: np.ndarray) -> bool:
    same = one[0] == others[:, 0]
    return bool((same & (one[1] <= others[:, 2]) & (others[:, 1] <= one[2])).any())


def data(windows: np.ndarray) -> Data:
    count = len(windows)
    train = {"window": np.arange(count).reshape(-1, 1, 1), "label": np.arange(count) % 2}
    return Data(train, train, spans=windows)


series = st.builds(
    cut, st.integers(1, 4), st.integers(2, 60), st.integers(1, 12), st.integers(1, 12),
    st.integers(0, 5),
)  # fmt: skip


@given(series, st.integers(1, 40), st.integers(0, 10))
def test_none_on_both_sides(windows, count, seed):
    count = min(count, len(windows) - 1)
    validation, rest = spans.held_out(windows, count, seed)
    assert len(validation) == count
    assert len(set(validation) | set(rest)) == len(validation) + len(rest)
    left_out = set(range(len(windows))) - set(validation) - set(rest)
    assert not any(share_a_time(windows[place], windows[validation]) for place in rest)
    assert all(share_a_time(windows[place], windows[validation]) for place in left_out)


@given(series)
def test_overlap_is_seen(windows):
    found = any(
        share_a_time(each, np.delete(windows, place, axis=0)) for place, each in enumerate(windows)
    )
    assert spans.overlap(windows) == found


def test_few_are_left_out_and_seeds_differ():
    windows = cut(groups=3, windows=400, length=8, stride=2)
    drawn = [spans.held_out(windows, 240, seed) for seed in range(5)]
    for validation, rest in drawn:
        # At most 8 runs and a piece, each with three windows left out on either side.
        assert 1200 - len(validation) - len(rest) <= 2 * 3 * 12
    assert len({tuple(sorted(validation)) for validation, _ in drawn}) == 5
    again = spans.held_out(windows, 240, 0)
    assert all(np.array_equal(a, b) for a, b in zip(again, drawn[0], strict=True))


def test_the_order_of_examples_does_not_count():
    one, other = (cut(2, 50, 6, 2, order) for order in (0, 1))
    held = [windows[spans.held_out(windows, 20, 3)[0]].tolist() for windows in (one, other)]
    assert held[0] == held[1]


def test_a_study_splits_windows_that_overlap():
    windows = cut(groups=1, windows=100, length=10, stride=2)
    rest, validation = data(windows).parts(0.2, seed=1)
    assert len(validation["label"]) == 20
    trained = windows[rest["window"].ravel()]
    assert len(trained) > 60
    assert not any(share_a_time(windows[p], trained) for p in validation["window"].ravel())


def test_a_study_splits_others_one_by_one():
    apart = data(cut(groups=1, windows=100, length=10, stride=10))
    plain = Data(apart.train, apart.test)
    for one, other in zip(apart.parts(0.2, 5), plain.parts(0.2, 5), strict=True):
        assert np.array_equal(one["window"], other["window"])
    assert apart.fingerprint == plain.fingerprint
    overlapping = data(cut(groups=1, windows=100, length=10, stride=5))
    assert overlapping.fingerprint != plain.fingerprint


def test_nothing_left_to_train_with():
    windows = np.array([[0, at, at + 100] for at in range(10)])
    with pytest.raises(DataError, match="each overlaps one of the share"):
        data(windows).parts(0.2, seed=0)


def test_a_node_knows_where_windows_lie(tmp_path):
    rows = [
        {
            "window": np.full(8, at + group / 2, "float32"), "label": at % 2,
            "group": b"one" if group else b"other", "start": at, "end": at + 7,
        }
        for at in range(30) for group in (0, 1)
    ]  # fmt: skip
    artifact = testing.write_examples(tmp_path / "all", {"train": rows[:40], "eval": rows[40:]})
    plan = Plan(
        arms=[Arm("sgd", "sgd"), Arm("momentum", "momentum")],
        model_fn=WINDOW_CNN, model_args={"shape": [8, 1], "classes": 2},
    )  # fmt: skip
    found = examples.read({"examples": [artifact]}, plan)
    assert set(found.train) == set(found.test) == {"window", "label"}
    values = found.train["window"][:, 0, 0]
    assert found.spans is not None
    assert found.spans[:, 1].tolist() == np.floor(values).tolist()
    assert found.spans[:, 2].tolist() == (np.floor(values) + 7).tolist()
    ones = found.spans[values % 1 > 0, 0]
    assert len(set(ones)) == 1 < len(set(found.spans[:, 0]))
    validation = found.parts(0.2, 0)[1]["window"][:, 0, 0]
    assert len(validation) == 8
