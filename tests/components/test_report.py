"""Pictures and pages that results share: numbers at their places, whatever the numbers are."""

import math
import re

import pytest

from tfx_updaters.components.report.axis import Axis, short
from tfx_updaters.components.report.curves import Line, Point, plot
from tfx_updaters.components.report.intervals import Value, chart


def positions(text):
    return [tuple(map(float, pair.split(","))) for pair in text.split()]


@pytest.mark.parametrize(
    "numbers",
    [[0.0], [0.5, 0.5], [-3.0], [1e-9], [1e12], [0.0, 1e-300], [-1e9, 1e9], [0.1, 0.2, 0.3]],
)
def test_an_axis_holds_its_numbers_and_has_ticks_inside(numbers):
    axis = Axis(numbers)
    assert all(0 <= axis.at(number) <= 100 for number in numbers)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 8
    assert all(0 <= place <= 100 for place, _ in ticks)
    places = [place for place, _ in ticks]
    assert places == sorted(set(places))
    assert len({text for _, text in ticks}) == len(ticks)


def test_whole_numbers_have_no_ticks_between():
    drawn = plot("a", "epochs", [Line("x", [Point(1, 0.5), Point(2, 0.7)])])
    assert [text for _, text in drawn.x_ticks] == ["1", "2"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5"), (0.12345, "0.1235"), (-2.0, "-2"), (0.0, "0"), (1e-7, "1e-07"),
     (12345678.0, "1.23e+07"), (150.0, "150")],
)  # fmt: skip
def test_numbers_for_people(value, text):
    assert short(value) == text


def test_what_is_not_finite_is_left_out_of_a_plot():
    points = [Point(0, math.nan), Point(1, 0.2), Point(2, 0.4, 0.3, math.inf), Point(3, 0.6)]
    drawn = plot("a", "b", [Line("x", points), Line("nothing", [Point(0, math.inf)])])
    assert len(positions(drawn.curves[0].line)) == 2 and drawn.curves[1].line == ""
    assert [row[0] for row in drawn.table.rows] == ["1", "3"]
    assert all(row[2] == "-" for row in drawn.table.rows)
    assert "nothing" not in drawn.words and "from 0.2 to 0.6" in drawn.words
    assert plot("a", "b", [Line("x", [Point(0, math.nan)])]) is None


def test_a_single_point_is_a_mark():
    drawn = plot("a", "b", [Line("x", [Point(3, 0.7, 0.6, 0.8)])])
    assert len(drawn.curves[0].dots) == 1
    assert all(0 <= place <= 100 for place in drawn.curves[0].dots[0])


@pytest.mark.parametrize("count", [2, 40, 41, 400, 401, 5000])
def test_many_points_are_thinned_out_and_the_last_one_stays(count):
    drawn = plot("a", "b", [Line("x", [Point(n, float(n)) for n in range(count)])])
    line = positions(drawn.curves[0].line)
    assert min(count, 200) <= len(line) <= 401
    assert line == sorted(set(line)) and line[-1] == drawn.curves[0].dots[0]
    rows = [row[0] for row in drawn.table.rows]
    assert min(count, 20) <= len(rows) <= 41
    assert (rows[0], rows[-1]) == ("0", str(count - 1)) and len(set(rows)) == len(rows)


def test_a_band_goes_around_its_line():
    points = [Point(n, n / 10, n / 10 - 0.1, n / 10 + 0.2) for n in range(5)]
    curve = plot("a", "b", [Line("x", points)]).curves[0]
    line, band = positions(curve.line), positions(curve.band)
    assert [x for x, _ in band] == [x for x, _ in [*line, *reversed(line)]]
    for (_, low), (_, y), (_, high) in zip(band[:5], line, band[:4:-1], strict=True):
        assert high < y < low  # From the top.


def test_an_interval_that_goes_far_beyond_its_numbers_ends_at_the_edge():
    wild = Value("a", "", 0.9, -12.0, 0.95, single=[0.88, 0.92])
    tame = Value("b", "", 0.8, 0.79, 0.81, single=[0.79, 0.81])
    (first, second) = (row.marks[0] for row in chart("t", [wild, tame]).rows)
    assert first.lower == 0.0 and 0 < first.value < 100
    assert first.text == "0.9 (-12 to 0.95)"
    assert 0 < second.lower < second.value < second.upper < 100
    # Without numbers that it is made of, the axis reaches as far as the interval.
    (row,) = chart("t", [Value("a", "", 0.9, -12.0, 0.95)]).rows
    assert 0 < row.marks[0].lower < 5


def test_zero_is_on_the_axis_if_it_is_asked_for():
    asked, plain = (chart("t", [Value("a", "", 5.0, 4.0, 6.0)], zero=z) for z in (True, False))
    assert 0 < asked.zero < asked.rows[0].marks[0].lower and plain.zero is None
    assert chart("t", []).rows == []
    assert re.fullmatch(r"-?\d+(\.\d+)?", asked.ticks[0][1])
