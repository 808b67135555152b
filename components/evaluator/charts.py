"""What is drawn of checks: values with their intervals and limits, as positions on an axis."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tfx_updaters.components.evaluator import check as words
from tfx_updaters.components.evaluator.check import Check, Part

ROOM = 0.04  # of an axis, left free at both ends
TICKS = 6  # at most


@dataclass(frozen=True)
class Mark:
    """A value with its interval; positions are in percent of the axis.

    Attributes:
        of: the series that it belongs to: a split, a model, or the check itself.
        text: value, interval and count, for people.
        value: where it is.
        lower: where its interval begins; the value if it has none.
        upper: where it ends.
        counted: whether it is judged.
    """

    of: str
    text: str
    value: float
    lower: float
    upper: float
    counted: bool


@dataclass(frozen=True)
class Row:
    """The marks of a slice."""

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
        rows: of slices.
        limits: that hold for the marks.
        ticks: position in percent, and number.
    """

    title: str
    series: Sequence[str]
    rows: Sequence[Row]
    limits: Sequence[Limit]
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Figure:
    """The pictures of a threshold in all its slices."""

    title: str
    sentences: Sequence[str]
    charts: Sequence[Chart]


def figures(checks: Iterable[Check]) -> list[Figure]:
    """One for each threshold: the checks of its slices together, and what they are about."""
    groups: dict[object, list[Check]] = {}
    for check in checks:
        what = (check.metric, check.output, check.change, check.at_least, check.at_most)
        groups.setdefault(what, []).append(check)
    return [_figure(group) for group in groups.values()]


def _figure(group: Sequence[Check]) -> Figure:
    first = group[0]
    title = words.subject(first) + (" (change against the baseline)" if first.change else "")
    own = [_of_check(check) for check in group]
    limits = [first.at_least, first.at_most]
    charts = [_chart(title, own, limits)]
    about: dict[str, list[Part]] = {}
    for part in (part for check in group for part in check.parts):
        about.setdefault(part.metric, []).append(part)
    for metric, parts in about.items():
        judged = any(part.counted and part.slice != first.slice for part in parts)
        named = words.plain(metric) + (" (change)" if judged and first.change else "")
        charts.append(_chart(named, parts, limits if judged else [None, None]))
    sentences = [check.sentence() for check in group]
    return Figure(title, sentences, [chart for chart in charts if chart.rows])


def _of_check(check: Check) -> Part:
    """The check itself as something to draw."""
    count = min(check.counts.values(), default=0)
    return Part(check.metric, "", check.slice, check.value, check.lower, check.upper, count,
                check.gated)  # fmt: skip


def _chart(title: str, parts: Sequence[Part], limits: Sequence[float | None]) -> Chart:
    drawn = [part for part in parts if part.value is not None]
    numbers = [
        number
        for part in drawn
        for number in (part.value, part.lower, part.upper)
        if number is not None
    ]
    if not numbers:
        return Chart(title, [], [], [], [])
    axis = _Axis([*numbers, *(limit for limit in limits if limit is not None)])
    # The same order, and so the same shapes, wherever both splits are: train before eval.
    series = sorted({part.of for part in drawn}, reverse=True)
    slices = sorted({part.slice for part in drawn}, key=_natural)
    rows = [
        Row(where, [axis.mark(part) for of in series for part in drawn
                    if (part.slice, part.of) == (where, of)])
        for where in slices
    ]  # fmt: skip
    return Chart(title, series, rows, axis.limits(*limits), axis.ticks())


class _Axis:
    """From the lowest number to the highest, with some room."""

    def __init__(self, numbers: Sequence[float]):
        low, high = min(numbers), max(numbers)
        spread = (high - low) or abs(high) or 1.0
        self.low, self.span = low - ROOM * spread, spread * (1 + 2 * ROOM)
        if high == low:
            self.low -= spread / 2

    def at(self, value: float) -> float:
        """In percent."""
        return round(100 * (value - self.low) / self.span, 2)

    def mark(self, part: Part) -> Mark:
        value = part.value or 0.0
        low = value if part.lower is None else part.lower
        high = value if part.upper is None else part.upper
        between = f" ({_short(low)} to {_short(high)})" if part.lower is not None else ""
        text = f"{_short(value)}{between}, n = {part.examples}"
        return Mark(part.of, text, self.at(value), self.at(low), self.at(high), part.counted)

    def limits(self, at_least: float | None, at_most: float | None) -> list[Limit]:
        found = []
        if at_least is not None:
            where = self.at(at_least)
            found.append(Limit(f"at least {at_least:g}", where, 0.0, where))
        if at_most is not None:
            where = self.at(at_most)
            found.append(Limit(f"at most {at_most:g}", where, where, round(100 - where, 2)))
        return found

    def ticks(self) -> list[tuple[float, str]]:
        """At multiples of 1, 2 or 5 times a power of ten."""
        rough = self.span / TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
        first = math.ceil(self.low / step)
        last = math.floor((self.low + self.span) / step)
        digits = max(0, -math.floor(math.log10(step)))
        return [
            (self.at(each * step), f"{each * step + 0.0:.{digits}f}")
            for each in range(first, last + 1)
        ]


def _short(value: float) -> str:
    return f"{value:.4f}".rstrip("0").removesuffix(".")


def _natural(text: str) -> list[tuple[int, str | int]]:
    """Numbers in a text by their size."""
    found = re.split(r"(\d+)", text)
    return [(1, int(each)) if each.isdigit() else (0, each) for each in found]
