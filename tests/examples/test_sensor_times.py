"""Times as texts are the same numbers however they are read: all at a time, or each by itself."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tfx_updaters.components import Windows
from tfx_updaters.components.examples.sensor_times import nanoseconds, numbers

WINDOWS = Windows(length=2, channels=("x",), label="label", time="time")


class Refused(Exception):
    """What is said of a time."""


def fail(column: str, place: int, what: str) -> None:
    raise Refused(f"{column} {place} {what}")


def found(column) -> Any:
    """Nanoseconds and whether they are dates; or what is wrong, but for how a number looks."""
    try:
        return nanoseconds(column, WINDOWS, fail)
    except Refused as refused:
        said = str(refused)
        return said[: said.index(" ", len("time "))] if "292 years" in said else said


TEXTS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats(-1e10, 1e10).map(repr),
    st.decimals(-1000, 1000, places=3).map(str),
    st.text("0123456789.+-eE xXinfaN_", min_size=0, max_size=6),
    st.sampled_from(["2024-05-01", "2024-05-01T12:00:00Z", "noon", "", "NaN", "inf", "True"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3))
@example(["1", " 2.5 "])
@example(["+1", "2"])
@example(["0x10", "1"])
@example(["1_000", "1"])
def test_both_ways_give_the_same_times_or_the_same_refusal(texts):
    read = pa.record_batch({"time": numbers(pa.array(texts, pa.string()))}).to_pandas()["time"]
    one, other = found(read), found(pd.Series(texts, dtype=object))
    if isinstance(one, str):
        assert one == other
    else:
        assert one[1] == other[1]
        # The last bit of a float is another one where pandas reads it.
        assert one[0].tolist() == pytest.approx(other[0].tolist(), rel=2**-51, abs=0)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [(["1", " 2 "], pa.int64()), (["1", "2.5"], pa.float64()), (["1", "2024-05-01"], pa.string())],
)
def test_all_of_them_are_of_one_kind(texts, kind):
    assert numbers(pa.array(texts)).type == kind
