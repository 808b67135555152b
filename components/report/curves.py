"""What is drawn of numbers along an axis: lines with bands, and the table behind them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfx_updaters.components.report.axis import Axis, Tick, short
from tfx_updaters.components.report.table import Table

# Rows of the table behind a picture, and points of a line: of more, every so manieth.
ROWS, POINTS = 40, 400


@dataclass(frozen=True)
class Point:
    """A number at a place.

    Attributes:
        at: the place.
        value: the number there.
        low: where its band begins; None without one.
        high: where it ends.
    """

    at: float
    value: float
    low: float | None = None
    high: float | None = None

    def text(self) -> str:
        """Value and band, for people."""
        if self.low is None or self.high is None:
            return short(self.value)
        return f"{short(self.value)} ({short(self.low)} to {short(self.high)})"


@dataclass(frozen=True)
class Line:
    """Points with a name; those that are not finite are left out.

    Attributes:
        name: of what it is.
        points: in the order of their places.
        note: what people have to know besides.
        chosen: place of a point that is shown as the chosen one.
    """

    name: str
    points: Sequence[Point]
    note: str = ""
    chosen: float | None = None


@dataclass(frozen=True)
class Curve:
    """A line as positions, in percent from the left and from the top.

    Attributes:
        name: of what it is, with its note.
        line: the points as SVG has them.
        band: its outline, likewise; empty without one.
        dots: points that are marked.
    """

    name: str
    line: str
    band: str
    dots: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Plot:
    """Curves over one pair of axes.

    Attributes:
        title: what the upper axis is.
        across: what the other one is.
        words: the picture for those who do not see it.
        curves: lines as positions.
        x_ticks: from the left.
        y_ticks: from the top.
        table: the numbers.
    """

    title: str
    across: str
    words: str
    curves: Sequence[Curve]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    table: Table


def plot(
    title: str,
    across: str,
    lines: Sequence[Line],
    *,
    places: Mapping[float, str] | None = None,
    marked: bool = False,
) -> Plot | None:
    """Lines as a picture; None if there is no finite number.

    Args:
        title: what the numbers are.
        across: what the places are.
        lines: of numbers.
        places: names of all places; numbers by default.
        marked: whether each point is marked, and not the last one only.
    """
    lines = [_finite(line) for line in lines]
    points = [point for line in lines for point in line.points]
    if not points:
        return None
    x = Axis([*(point.at for point in points), *(places or {})])
    ends = [end for p in points for end in (p.low, p.high) if end is not None]
    y = Axis([*(point.value for point in points), *ends])
    named = [(x.at(place), name) for place, name in (places or {}).items()]
    whole = all(float(point.at).is_integer() for point in points)
    return Plot(
        title, across, _words(title, across, lines), [_curve(line, x, y, marked) for line in lines],
        named or x.ticks(1.0 if whole else 0.0), [(_down(at), text) for at, text in y.ticks()],
        _table(title, across, lines, places),
    )  # fmt: skip


def _finite(line: Line) -> Line:
    def known(point: Point) -> bool:
        numbers = (point.at, point.value, point.low, point.high)
        return all(number is None or math.isfinite(number) for number in numbers)

    return Line(line.name, [p for p in line.points if known(p)], line.note, line.chosen)


def _curve(line: Line, x: Axis, y: Axis, marked: bool) -> Curve:
    points = _some(line.points, POINTS)
    lows = [(p.at, p.low) for p in points if p.low is not None]
    highs = [(p.at, p.high) for p in points if p.high is not None]
    if line.chosen is not None:
        dotted = [point for point in points if point.at == line.chosen]
    else:
        dotted = points if marked else points[-1:]
    return Curve(
        f"{line.name}, {line.note}" if line.note else line.name,
        _path([(p.at, p.value) for p in points], x, y), _path([*lows, *reversed(highs)], x, y),
        [(x.at(p.at), _down(y.at(p.value))) for p in dotted],
    )  # fmt: skip


def _path(points: Sequence[tuple[float, float]], x: Axis, y: Axis) -> str:
    return " ".join(f"{x.at(at):g},{_down(y.at(value)):g}" for at, value in points)


def _down(position: float) -> float:
    return round(100 - position, 2)


def _some(points: Sequence[Point], most: int) -> list[Point]:
    """Every so manieth, and the last one."""
    step = math.ceil(len(points) / most) or 1
    return [*points[:-1:step], *points[-1:]]


def _words(title: str, across: str, lines: Sequence[Line]) -> str:
    told = [
        f"{line.name} from {line.points[0].text()} to {line.points[-1].text()}"
        for line in lines
        if line.points
    ]
    return f"{title} by {across}: {'; '.join(told)}"


def _table(
    title: str, across: str, lines: Sequence[Line], places: Mapping[float, str] | None
) -> Table:
    by_line = [{point.at: point.text() for point in line.points} for line in lines]
    every = sorted({at for texts in by_line for at in texts})
    step = math.ceil(len(every) / ROWS) or 1
    rows = [
        [(places or {}).get(at, short(at)), *(texts.get(at, "-") for texts in by_line)]
        for at in [*every[:-1:step], *every[-1:]]
    ]
    return Table(title, [across, *(line.name for line in lines)], rows)
