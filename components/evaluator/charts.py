"""What is drawn of checks: values with their intervals and limits, as positions on an axis."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tfx_updaters.components.evaluator import check as words
from tfx_updaters.components.evaluator.check import Check, Part
from tfx_updaters.components.report.intervals import Chart, Value, chart


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
    return Figure(title, sentences, [each for each in charts if each.rows])


def _of_check(check: Check) -> Part:
    """The check itself as something to draw."""
    count = min(check.counts.values(), default=0)
    return Part(check.metric, "", check.slice, check.value, check.lower, check.upper, count,
                check.gated)  # fmt: skip


def _chart(title: str, parts: Sequence[Part], limits: Sequence[float | None]) -> Chart:
    values = [
        Value(
            part.slice, part.of, part.value, part.lower, part.upper, f"n = {part.examples}",
            part.counted,
        )
        for part in sorted(parts, key=lambda part: _natural(part.slice))
        if part.value is not None
    ]  # fmt: skip
    # The same order, and so the same shapes, wherever both splits are: train before eval.
    series = sorted({each.of for each in values}, reverse=True)
    return chart(title, values, series=series, limits=limits)


def _natural(text: str) -> list[tuple[int, str | int]]:
    """Numbers in a text by their size."""
    found = re.split(r"(\d+)", text)
    return [(1, int(each)) if each.isdigit() else (0, each) for each in found]
