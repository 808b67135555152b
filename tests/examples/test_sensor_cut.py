"""Windows of any series: contiguous, on one side of the cut, labelled by rule, all counted."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfx_updaters.components import Windows
from tfx_updaters.components.examples.sensor_cut import cut
from tfx_updaters.components.examples.sensor_series import SECOND, Series

NAMES = ("a", "b", "c")


@st.composite
def series(draw) -> Series:
    """Up to 60 samples a second apart or so, with gaps, holes and samples without a label."""
    count = draw(st.integers(1, 60))
    apart = draw(st.lists(st.sampled_from([0.9, 1.0, 1.0, 1.1, 7.0]), min_size=count,
                          max_size=count))  # fmt: skip
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.normal(size=(count, 2))
    values[rng.random((count, 2)) < draw(st.sampled_from([0, 0.05, 0.2]))] = np.nan
    labels = rng.integers(-1 if draw(st.booleans()) else 0, 3, count).astype(np.int32)
    times = np.rint(np.cumsum(apart) * SECOND).astype(np.int64)
    return Series("some", times, values, labels, NAMES, 0)


@st.composite
def windows(draw) -> Windows:
    """Any configuration of two channels."""
    label_by = draw(st.sampled_from(["last", "majority", "any"]))
    missing = draw(st.sampled_from(["drop", "interpolate"]))
    return Windows(
        length=draw(st.integers(1, 12)),
        stride=draw(st.one_of(st.none(), st.integers(1, 15))),
        channels=("x", "y"),
        label="label",
        label_by=label_by,
        background="a" if label_by == "any" else None,
        every=draw(st.sampled_from([None, 0.4, 1.0, 2.5])),
        missing=missing,
        max_gap=draw(st.sampled_from([1.2, 3.0] + [None] * (missing == "drop"))),
        split=draw(st.sampled_from(["time", "group"])),
        eval_share=draw(st.sampled_from([0.1, 0.3, 0.5])),
    )


def limit(some: Series, config: Windows) -> float:
    """Seconds that a window may span between two samples."""
    if config.max_gap:
        return config.max_gap
    return 1.5 * float(np.median(np.diff(some.times))) / SECOND


@settings(max_examples=300, deadline=None)
@given(series(), windows())
def test_every_window_is_contiguous_and_whole(some, config):
    made = cut(some, config)
    for start in made.starts:
        times = made.steps.times[start : start + config.length] / SECOND
        assert len(times) == config.length
        assert np.isfinite(made.steps.values[start : start + config.length]).all()
        if config.every:
            np.testing.assert_allclose(np.diff(times), config.every)
        elif config.length > 1:
            assert np.diff(times).max() <= limit(some, config) + 1e-9


@settings(max_examples=300, deadline=None)
@given(series(), windows())
def test_all_windows_are_kept_or_counted(some, config):
    made = cut(some, config)
    possible = max(0, (len(made.steps.times) - config.length) // config.step + 1)
    assert len(made.starts) + sum(made.dropped.values()) == possible
    assert min(made.dropped.values(), default=1) > 0
    assert len(made.labels) == len(made.train) == len(made.starts)
    if not config.every:
        assert len(made.steps.times) + made.steps.missing == len(some.times)


@settings(max_examples=300, deadline=None)
@given(series(), windows())
def test_no_time_is_in_windows_of_both_splits(some, config):
    made = cut(some, config)
    ends = made.starts + config.length - 1
    times = made.steps.times
    if config.split == "group":
        assert len(set(made.train.tolist())) <= 1
    elif made.train.any() and not made.train.all():
        assert times[ends[made.train]].max() < times[made.starts[~made.train]].min()


@settings(max_examples=300, deadline=None)
@given(series(), windows(), st.booleans())
def test_what_is_on_the_other_side_of_the_cut_changes_nothing(some, config, of_train):
    """Filling in, resampling and labels of a split, with every value of the other one another."""
    config = replace(config, split="time")
    train = len(some.times) - round(len(some.times) * config.eval_share)
    other = slice(train, None) if of_train else slice(0, train)
    values, labels = some.values.copy(), some.labels.copy()
    values[other] = values[other] * -3 + 1
    labels[other] = 2
    before, after = cut(some, config), cut(replace(some, values=values, labels=labels), config)

    def of(made):
        mine = made.train == of_train
        found = zip(made.starts[mine], made.labels[mine], strict=True)
        return {
            int(made.steps.times[s]): (label, made.steps.values[s : s + config.length].tobytes())
            for s, label in found
        }

    assert of(before) == of(after)


@settings(max_examples=200, deadline=None)
@given(series(), windows())
def test_the_class_of_a_window_is_that_of_its_samples(some, config):
    made = cut(some, config)
    for start, label in zip(made.starts, made.labels, strict=True):
        inside = made.steps.labels[start : start + config.length].tolist()
        if config.label_by == "last":
            assert label == inside[-1]
            continue
        counts = Counter(each for each in inside if each >= 0)
        if config.label_by == "any" and set(counts) > {0}:
            del counts[0]
        most = {each for each, count in counts.items() if count == max(counts.values())}
        assert label == next(each for each in reversed(inside) if each in most)


def regular(count: int, **changes) -> Series:
    times = np.arange(count, dtype=np.int64) * SECOND
    values = np.arange(count, dtype=float)[:, None]
    labels = np.arange(count, dtype=np.int32) % 2
    return replace(Series("s", times, values, labels, ("a", "b"), 0), **changes)


def config(**changes) -> Windows:
    return Windows(**{"length": 5, "stride": 1, "channels": ("x",), "label": "l", **changes})


def test_windows_that_straddle_the_cut_are_dropped_and_counted():
    made = cut(regular(100), config(eval_share=0.2))
    assert made.dropped == {"across the split": 4}  # starts 76 to 79
    assert made.starts[made.train].tolist() == list(range(76))
    assert made.starts[~made.train].tolist() == list(range(80, 96))


def test_a_missing_sample_and_a_gap_cost_the_windows_that_have_them():
    some = regular(100)
    some.values[10] = np.nan
    some.times[40:] += 10 * SECOND
    made = cut(some, config(eval_share=0.2))
    assert made.steps.missing == 1
    assert made.dropped == {"across the split": 4, "missing values": 4, "gap": 4}


def test_samples_without_a_label_cost_the_windows_that_they_end():
    made = cut(regular(50, labels=np.full(50, -1, np.int32)), config())
    assert len(made.starts) == 0
    assert made.dropped["no label"] == 42


def test_interpolation_draws_a_line_over_short_holes_only():
    some = regular(30)
    some.values[5:7], some.values[12:20] = np.nan, np.nan
    made = cut(some, config(missing="interpolate", max_gap=3, eval_share=0.1))
    assert made.steps.missing == 8
    np.testing.assert_allclose(made.steps.values[:12, 0], np.arange(12))


@pytest.mark.parametrize("every", [0.25, 1.0, 4.0])
def test_resampling_keeps_a_slope_at_any_rate(every):
    """Up, as it is, and down by averages: a line stays a line, inside of its ends."""
    made = cut(regular(101), config(every=every, split="group", eval_share=0.01))
    times = made.steps.times / SECOND
    assert len(times) == 100 // every + 1
    ends = max(1, round(2 / every))  # The averages there have no sample beyond.
    inside = slice(ends, -ends)
    np.testing.assert_allclose(made.steps.values[inside, 0], times[inside])


def test_a_lower_rate_averages_instead_of_folding():
    """A wave of 0.45 of the old rate would come back as one of 0.05 of it."""
    times = np.arange(1000, dtype=np.int64) * SECOND
    fast = np.sin(2 * np.pi * 0.45 * np.arange(1000))[:, None]
    some = Series("s", times, fast, np.zeros(1000, np.int32), ("a",), 0)
    made = cut(some, config(every=10.0, split="group"))
    assert np.abs(made.steps.values).max() < 0.15


def test_a_resampled_label_is_that_of_the_sample_before():
    labels = np.repeat([0, 1], 10).astype(np.int32)
    made = cut(regular(20, labels=labels), config(every=0.5, split="group"))
    assert made.steps.labels.tolist() == [0] * 20 + [1] * 19


def test_a_year_between_two_sessions_costs_no_memory():
    some = regular(100)
    some.times[50:] += 365 * 24 * 3600 * SECOND
    assert len(cut(some, config(every=0.01, split="group")).steps.times) == 2 * 4901


def test_groups_go_to_a_split_by_their_name_and_by_about_the_share():
    made = {k: cut(regular(20, name=f"person {k}"), config(split="group")) for k in range(500)}
    held_out = {k for k, each in made.items() if not each.train.any()}
    assert all(len(each.starts) == 16 for each in made.values())
    assert 60 < len(held_out) < 140
    again = cut(regular(90, name="person 7"), config(split="group", stride=3))
    assert again.train.any() == (7 not in held_out)
