"""What became of series: windows by split and class, and what was dropped; checked and kept."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples.records import SPLITS
from tfx_updaters.components.examples.sensor_cut import Cut
from tfx_updaters.components.examples.sensor_windows import Windows

LISTED = 100


@dataclass(frozen=True)
class Counts:
    """Of some series together.

    Attributes:
        windows: those that are kept, by (split, class).
        dropped: the others, by reason.
        series: how many there are.
        short: how many have fewer steps than a window, so that nothing of them is used.
        short_names: the first of these, at most 100.
        samples: that were read.
        missing: samples that were left out, as a value was missing.
        moved: samples that were not in the order of time.
    """

    windows: Mapping[tuple[str, str], int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    series: int = 0
    short: int = 0
    short_names: tuple[str, ...] = ()
    samples: int = 0
    missing: int = 0
    moved: int = 0

    @classmethod
    def of(cls, made: Cut, windows: Windows) -> "Counts":
        """Of one series."""
        kept = Counter(
            (SPLITS[not train], made.names[label])
            for train, label in zip(made.train, made.labels, strict=True)
        )
        short = len(made.steps.times) < windows.length
        return cls(
            dict(kept), made.dropped, 1, int(short), (made.name,) * short, made.samples,
            made.steps.missing, made.moved,
        )  # fmt: skip

    @classmethod
    def together(cls, parts: Iterable["Counts"]) -> "Counts":
        """The sum, in whatever order and grouping the parts come."""
        every = list(parts)
        names = sorted(name for part in every for name in part.short_names)
        numbers = ("series", "short", "samples", "missing", "moved")
        return cls(
            windows=_added(part.windows for part in every),
            dropped=_added(part.dropped for part in every),
            short_names=tuple(names[:LISTED]),
            **{name: sum(getattr(part, name) for part in every) for name in numbers},
        )

    def of_split(self, split: str) -> dict[str, int]:
        """Windows of a split by class."""
        return {name: count for (where, name), count in self.windows.items() if where == split}


def _added(parts: Iterable[Mapping[Any, int]]) -> dict[Any, int]:
    total: Counter = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def classes(counts: Counts, windows: Windows) -> tuple[str, ...]:
    """The classes in the order of their numbers: whole numbers by value, texts by alphabet.

    Raises:
        DataError: there is no series or none long enough, a split has no window, train has one
            class, or eval has one that train has not.
    """
    if not counts.series:
        raise DataError("the files have no rows below their headers")
    if counts.short == counts.series:
        raise DataError(
            f"all {counts.series} series are shorter than a window of {windows.length} steps: "
            f"{', '.join(counts.short_names[:10])}{', ...' * (counts.series > 10)}"
        )
    train, held_out = counts.of_split("train"), counts.of_split("eval")
    for split, found in (("train", train), ("eval", held_out)):
        if not found:
            raise DataError(f"no window for {split}: {_what_there_is(counts)}; {_advice(windows)}")
    only = sorted(set(held_out) - set(train))
    if only:
        raise DataError(
            f"classes {_listed({name: held_out[name] for name in only})} are in eval only, so that "
            f"nothing could learn them; train has {_listed(train)}; {_advice(windows)}"
        )
    if len(train) == 1:
        raise DataError(f"all windows of train are of class {_listed(train)}; two are needed")
    return windows.classes or tuple(sorted(train, key=_order(train)))


def _what_there_is(counts: Counts) -> str:
    kept = ", ".join(f"{sum(counts.of_split(split).values())} in {split}" for split in SPLITS)
    dropped = ", ".join(f"{count} dropped ({why})" for why, count in sorted(counts.dropped.items()))
    return f"{counts.series} series gave windows: {kept}{', ' if dropped else ''}{dropped}"


def _advice(windows: Windows) -> str:
    other = "group" if windows.split == "time" else "time"
    return f"another eval_share than {windows.eval_share}, split='{other}' or more series help"


def _listed(found: Mapping[str, int]) -> str:
    shown = [f"'{name}' ({count})" for name, count in sorted(found.items())]
    return ", ".join(shown[:10]) + ", ..." * (len(shown) > 10)


def _order(names: Iterable[str]) -> Any:
    if all(name.removeprefix("-").isdecimal() for name in names):
        return int
    return str


def to_json(counts: Counts, windows: Windows) -> dict[str, Any]:
    """What `windows.json` beside the examples says."""
    numbers = classes(counts, windows)
    return {
        "classes": list(numbers),
        "shape": list(windows.shape),
        "channels": list(windows.channels),
        "windows": {
            split: {name: counts.of_split(split).get(name, 0) for name in numbers}
            for split in SPLITS
        },
        "dropped": dict(sorted(counts.dropped.items())),
        "series": counts.series,
        "series_too_short": {"count": counts.short, "names": list(counts.short_names)},
        "samples": counts.samples,
        "samples_with_missing_values": counts.missing,
        "samples_out_of_order": counts.moved,
        "configuration": windows.to_json(),
    }


def sentence(found: Mapping[str, Any]) -> str:
    """The counts of a `windows.json` in a line, for the log."""
    splits = "; ".join(
        f"{split} {sum(by.values())} ({', '.join(f'{name} {n}' for name, n in by.items())})"
        for split, by in found["windows"].items()
    )
    dropped = ", ".join(f"{why} {n}" for why, n in found["dropped"].items()) or "none"
    short = found["series_too_short"]["count"]
    return (
        f"windows of {found['series']} series: {splits}; dropped: {dropped}; "
        f"{short} series too short, {found['samples_with_missing_values']} of "
        f"{found['samples']} samples with missing values, {found['samples_out_of_order']} out of "
        "order"
    )


def dumps(counts: Counts, windows: Windows) -> str:
    """The text of `windows.json`."""
    return json.dumps(to_json(counts, windows), indent=1, ensure_ascii=False) + "\n"
