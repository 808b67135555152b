"""How series of sensor values become labelled windows: a frozen dataclass, JSON outside."""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from tfx_updaters.components.errors import ArgumentError

UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
LABELLED_BY = ("last", "majority", "any")
MISSING = ("drop", "interpolate", "refuse")
SPLIT_BY = ("time", "group")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Windows:
    """Which columns are read, how windows are cut, labelled and split.

    Attributes:
        length: samples in a window.
        channels: columns of numbers, in the order in which a window has them.
        label: the column with the class of each sample: texts or whole numbers.
        stride: samples from the start of a window to that of the next; `length` if None.
        time: the column with the time of each sample, numbers or ISO 8601 dates (those without a
            zone are UTC); with None the samples are a second apart, in the order of the rows.
        unit: of times that are numbers: `s`, `ms`, `us` or `ns`.
        group: the column that tells series apart; with None each file is one.
        label_by: the class of a window is that of its `last` sample, of the `majority` of its
            labelled samples, or the one that `any` of them has beside `background`. Of classes
            with as many samples the one that occurs last is taken.
        background: with `any`, the class of windows in which nothing else occurs.
        classes: all classes, in the order of their numbers 0, 1, ...; with None those that occur,
            sorted. Give them where later spans may have other ones.
        every: seconds between samples after resampling; None takes the samples as they are.
        missing: samples without a value in a channel are left out (`drop`), filled in on a line
            between their neighbours (`interpolate`), or end the ingestion (`refuse`).
        max_gap: seconds between samples, or across values that are filled in, that a window may
            span; with None 1.5 times the median step of the series.
        split: `time` puts the last share of each series into eval, `group` whole series by a hash
            of their names.
        eval_share: of the samples, or of the series, that go to eval.

    Raises:
        ArgumentError: a value that is refused.
    """

    length: int
    channels: tuple[str, ...]
    label: str
    stride: int | None = None
    time: str | None = None
    unit: str = "s"
    group: str | None = None
    label_by: str = "last"
    background: str | None = None
    classes: tuple[str, ...] | None = None
    every: float | None = None
    missing: str = "drop"
    max_gap: float | None = None
    split: str = "time"
    eval_share: float = 0.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", _texts("channels", self.channels))
        if self.classes is not None:
            object.__setattr__(self, "classes", _texts("classes", self.classes))
        for name in ("length", "stride"):
            value = getattr(self, name)
            _need(_whole(value) or (value is None and name == "stride"), name, value, "1 or more")
        for name in ("every", "max_gap"):
            value = getattr(self, name)
            _need(value is None or _positive(value), name, value, "a number of seconds above 0")
        share = self.eval_share
        _need(_positive(share) and share < 1, "eval_share", share, "a number between 0 and 1")
        self._check_names()
        self._check_together()

    def _check_names(self) -> None:
        for name, allowed in (
            ("unit", tuple(UNITS)), ("label_by", LABELLED_BY), ("missing", MISSING),
            ("split", SPLIT_BY),
        ):  # fmt: skip
            _one_of(name, getattr(self, name), allowed)
        for name in ("label", "time", "group", "background"):
            value = getattr(self, name)
            fits = (isinstance(value, str) and value) or (value is None and name != "label")
            _need(bool(fits), name, value, "a text")
        columns = self.columns
        twice = sorted({column for column in columns if columns.count(column) > 1})
        if twice:
            raise ArgumentError(
                f"columns: received {', '.join(map(repr, twice))} for two purposes; time, group, "
                "label and each of the channels need a column of their own"
            )

    def _check_together(self) -> None:
        if (self.label_by == "any") != (self.background is not None):
            raise ArgumentError(
                f"background: received {self.background!r} with label_by={self.label_by!r}; "
                "label_by='any' needs it, and nothing else takes it"
            )
        if self.missing == "interpolate" and self.max_gap is None:
            raise ArgumentError(
                "max_gap: received None; missing='interpolate' needs the number of seconds that "
                "may be filled in"
            )
        if self.classes is not None:
            _need(len(self.classes) > 1, "classes", self.classes, "two or more")
            if self.background is not None:
                _one_of("background", self.background, self.classes)

    @property
    def shape(self) -> tuple[int, int]:
        """(time steps, channels) of a window."""
        return self.length, len(self.channels)

    @property
    def step(self) -> int:
        """Samples from the start of a window to that of the next."""
        return self.stride or self.length

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        named = (self.time, self.group, self.label)
        return (*(name for name in named if name is not None), *self.channels)

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` takes back."""
        plain = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}

    @classmethod
    def from_json(cls, document: Any) -> "Windows":
        """The configuration of a mapping; what it leaves out has its default.

        Raises:
            ArgumentError: an unknown name, with the nearest known one, one that is not there, or
                a value that is refused.
        """
        if not isinstance(document, Mapping):
            raise ArgumentError(f"windows: received {document!r}; Windows(...) is needed")
        fields = {field.name: field for field in dataclasses.fields(cls)}
        for name in document:
            if name not in fields:
                _one_of("windows", name, tuple(fields))
        needed = [n for n, field in fields.items() if field.default is dataclasses.MISSING]
        without = [name for name in needed if name not in document]
        if without:
            raise ArgumentError(f"windows: received no {', no '.join(without)}")
        return cls(**document)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that is most like this one; nothing if none is."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean '{near[0]}'? " if near else ""


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        hint = nearest(str(value), allowed)
        raise ArgumentError(f"{name}: received {value!r}; {hint}{', '.join(allowed)} is allowed")


def _texts(name: str, value: Any) -> tuple[str, ...]:
    given = () if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    fits = given and all(isinstance(each, str) and each for each in given)
    _need(bool(fits) and len(set(given)) == len(given), name, value, "a list of different texts")
    return given


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _positive(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 < value < float("inf")


def _need(fits: bool, name: str, value: Any, allowed: str) -> None:
    if not fits:
        raise ArgumentError(f"{name}: received {value!r}; {allowed} is allowed")
