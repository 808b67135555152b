"""What is drawn of numbers with intervals: rows of marks over one axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from tfx_updaters.components.report.axis import Axis, Tick, short
from tfx_updaters.components.report.table import Table


@dataclass(frozen=True)
class Value:
    """A number to draw.

    Attributes:
        row: what it is about.
        of: the series that it belongs to; empty where there is one only.
        value: the number.
        lower: where its interval begins; None without one.
        upper: where it ends.
        note: what people have to know besides.
        counted: whether it is judged.
        single: the numbers that it is made of, where they are few.
    """

    row: str
    of: str
    value: float
    lower: float | None = None
    upper: float | None = None
    note: str = ""
    counted: bool = True
    single: Sequence[float] = ()

    def text(self) -> str:
        """Value, interval and note, for people."""
        between = ""
        if self.lower is not None and self.upper is not None:
            between = f" ({short(self.lower)} to {short(self.upper)})"
        return f"{short(self.value)}{between}" + (f", {self.note}" if self.note else "")


@dataclass(frozen=True)
class Mark:
    """A value with its interval; positions are in percent of the axis.

    Attributes:
        of: the series that it belongs to.
        text: value, interval and note, for people.
        value: where it is.
        lower: where its interval begins; the value if it has none.
        upper: where it ends.
        counted: whether it is judged.
        single: where the numbers are that it is made of.
    """

    of: str
    text: str
    value: float
    lower: float
    upper: float
    counted: bool
    single: Sequence[float]


@dataclass(frozen=True)
class Row:
    """The marks of what a row is about."""

    label: str
    marks: Sequence[Mark]


@dataclass(frozen=True)
class Limit:
    """Where something may not be: left of a lower limit, right of an upper one, in percent."""

    text: str
    value: float
    start: float
    width: float


@dataclass(frozen=True)
class Chart:
    """Rows over one axis.

    Attributes:
        title: what the axis is.
        series: names of the marks, in the order of their shapes.
        rows: in the order in which they are drawn.
        limits: that hold for the marks.
        ticks: position in percent, and number.
        zero: where nothing is, if that is to be seen.
    """

    title: str
    series: Sequence[str]
    rows: Sequence[Row]
    limits: Sequence[Limit]
    ticks: Sequence[Tick]
    zero: float | None = None

    def table(self) -> Table:
        """What the marks say: a row for each row, a column for each series."""
        texts = [{mark.of: mark.text for mark in row.marks} for row in self.rows]
        rows = [
            [row.label, *(said.get(of, "-") for of in self.series)]
            for row, said in zip(self.rows, texts, strict=True)
        ]
        caption = ", ".join([self.title, *(limit.text for limit in self.limits)])
        return Table(caption, ["where", *(of or "value" for of in self.series)], rows)


def chart(
    title: str,
    values: Sequence[Value],
    *,
    series: Sequence[str] = ("",),
    limits: Sequence[float | None] = (None, None),
    zero: bool = False,
) -> Chart:
    """Values as rows, in their order; a chart without rows if there are none.

    Args:
        title: what the axis is.
        values: the marks of a row are drawn in the order of their series.
        series: names of the series.
        limits: what they may not be below, and not above.
        zero: whether it is shown where zero is.
    """
    if not values:
        return Chart(title, [], [], [], [])
    axis = Axis([*_extent(values), *(limit for limit in limits if limit is not None),
                 *([0.0] if zero else [])])  # fmt: skip
    rows = [
        Row(row, [_mark(axis, each) for of in series for each in values
                  if (each.row, each.of) == (row, of)])
        for row in dict.fromkeys(each.row for each in values)
    ]  # fmt: skip
    return Chart(
        title, series, rows, _limits(axis, *limits), axis.ticks(), axis.at(0.0) if zero else None
    )


def _extent(values: Sequence[Value]) -> list[float]:
    """The numbers that an axis has to hold; of few numbers an interval may end anywhere."""
    ends = [end for each in values for end in (each.lower, each.upper) if end is not None]
    numbers = [number for each in values for number in (each.value, *each.single)]
    single = [number for each in values for number in each.single]
    if not single:
        return [*numbers, *ends]
    low, high = min(numbers), max(numbers)
    reach = (high - low) or abs(high) or 1.0
    return [*numbers, *(min(max(end, low - reach), high + reach) for end in ends)]


def _mark(axis: Axis, each: Value) -> Mark:
    low = each.value if each.lower is None else each.lower
    high = each.value if each.upper is None else each.upper
    return Mark(
        each.of, each.text(), axis.at(each.value), _inside(axis.at(low)), _inside(axis.at(high)),
        each.counted, [axis.at(number) for number in each.single],
    )  # fmt: skip


def _inside(position: float) -> float:
    """An interval that goes on beyond the axis ends at its edge."""
    return min(max(position, 0.0), 100.0)


def _limits(axis: Axis, at_least: float | None, at_most: float | None) -> list[Limit]:
    found = []
    if at_least is not None:
        where = axis.at(at_least)
        found.append(Limit(f"at least {at_least:g}", where, 0.0, where))
    if at_most is not None:
        where = axis.at(at_most)
        found.append(Limit(f"at most {at_most:g}", where, where, round(100 - where, 2)))
    return found
