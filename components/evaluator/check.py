"""One check of a decision: a threshold in a slice, the numbers it is about, and its sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """One of the numbers that a check is about: on a split, of a model, in a slice.

    Attributes:
        metric: its name.
        of: the split; `candidate` or `baseline` where a change is checked.
        slice: `feature: value` pairs, or `all`.
        value: the point estimate; None if it could not be computed.
        lower: low end of the interval, on the check's level.
        upper: its high end.
        examples: how many it was measured on.
        counted: whether the check's value is made of it; False for a slice with too few examples
            and for a split that is shown beside.
    """

    metric: str
    of: str
    slice: str
    value: float | None
    lower: float | None
    upper: float | None
    examples: int
    counted: bool = True


@dataclass(frozen=True)
class Check:
    """One threshold in one slice.

    Attributes:
        metric: its name.
        slice: `feature: value` pairs, or `all`.
        output: of a model that has several, or empty.
        change: whether it is the candidate's value minus the baseline's.
        value: the point estimate; None if it could not be computed.
        lower: low end of the interval, if there is one.
        upper: its high end.
        confidence: level of the interval, of all slices together.
        slices: number of slices whose intervals hold together.
        burden: `model`, `gate` or `none`.
        judged: what was compared: the value, or an end of the interval.
        at_least: what `judged` may not be below.
        at_most: what `judged` may not be above.
        margin: distance of `judged` to the nearest limit; negative if it is beyond.
        passed: whether the limits are kept.
        why: the reason if the check could not be made.
        counts: examples of each split in the slice.
        gated: False in a slice with too few examples, which does not count.
        parts: the numbers that it is about: of a gap, the metric on both splits; of a change, the
            metric of both models; of a worst slice, every slice.
    """

    metric: str
    slice: str
    output: str
    change: bool
    value: float | None
    lower: float | None
    upper: float | None
    confidence: float | None
    slices: int
    burden: str
    judged: float | None
    at_least: float | None
    at_most: float | None
    margin: float | None
    passed: bool
    why: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    gated: bool = True
    parts: tuple[Part, ...] = ()

    @property
    def worst(self) -> Part | None:
        """Of a worst slice, the one that it is."""
        inside = (part for part in self.parts if part.slice != self.slice and part.counted)
        return next((part for part in inside if part.value == self.value), None)

    def sentence(self) -> str:
        """For people: what it is, between what, and what is allowed."""
        return sentence(self)


def sentence(check: Check) -> str:
    """What was measured, between what it lies, and what is allowed.

    `train accuracy 0.998, eval 0.912: gap 0.086, between 0.071 and 0.103 with 95 % confidence;
    allowed 0.05`
    """
    if check.value is None:
        return f"{subject(check)}{_where(check.slice)} could not be computed: {check.why}"
    few = "" if check.gated else "; too few examples, not gated"
    why = f", but {check.why}" if check.why else ""
    return f"{_numbers(check)}{why}; {limits(check)}{_not_shown(check)}{few}"


def subject(check: Check) -> str:
    """What was measured on which split: `eval accuracy`, `accuracy gap`."""
    name = plain(check.metric)
    output = f" of output {check.output!r}" if check.output else ""
    splits = list(check.counts)
    if len(splits) != 1 or name.endswith(f" on {splits[0]}"):
        return f"{name}{output}"
    rest = name.removeprefix("worst ")
    return f"{'worst ' if rest != name else ''}{splits[0]} {rest}{output}"


def limits(check: Check) -> str:
    """`needed 0.9`, `allowed 0.05`."""
    shown = [number(check, each) for each in (check.at_least, check.at_most) if each is not None]
    word = "allowed" if check.change or check.at_most is not None else "needed"
    return f"{word} {' to '.join(shown)}" if shown else "no limit"


def interval(check: Check) -> str:
    """`between 0.071 and 0.103 with 95 % confidence`; empty without an interval."""
    if check.lower is None or check.upper is None or check.confidence is None:
        return ""
    together = f" for {check.slices} slices together" if check.slices > 1 else ""
    return (
        f"between {number(check, check.lower)} and {number(check, check.upper)} "
        f"with {100 * check.confidence:g} % confidence{together}"
    )


def plain(metric: str) -> str:
    """A metric's name without TFMA's words for how labels are stored."""
    return metric.replace("sparse_", "").replace("categorical_", "").replace("_", " ")


def number(check: Check, value: float) -> str:
    """With four decimals, or as many as tell what was judged from its limit."""
    known = [each for each in (check.at_least, check.at_most) if each is not None]
    pairs = [(check.judged, each) for each in known if check.judged not in (None, each)]
    digits = 4
    while digits < 15 and any(round(a, digits) == round(b, digits) for a, b in pairs):
        digits += 1
    text = f"{value:{'+' if check.change else ''}.{digits}f}".rstrip("0").removesuffix(".")
    return "0" if text in ("+0", "-0") else text


def _numbers(check: Check) -> str:
    value = "" if check.value is None else number(check, check.value)
    between = interval(check)
    between = f", {between}" if between else ""
    parts = [part for part in check.parts if part.slice == check.slice]
    if len(parts) < 2:
        worst = _where(check.worst.slice) if check.worst else ""
        changed = " changed by" if check.change else ""
        return f"{subject(check)}{_where(check.slice)}{changed} {value}{worst}{between}"
    inner = plain(parts[0].metric)
    name = "change" if check.change else plain(check.metric).removeprefix(inner).strip()
    output = f" of output {check.output!r}" if check.output else ""
    sides = ", ".join(
        f"{part.of} {f'{inner} ' if part is parts[0] else ''}{_of(part, check)}" for part in parts
    )
    return f"{sides}{output}{_where(check.slice)}: {name or inner} {value}{between}"


def _of(part: Part, check: Check) -> str:
    return "unknown" if part.value is None else number(check, part.value).removeprefix("+")


def _not_shown(check: Check) -> str:
    """Why the verdict is not that on the value itself: the burden of proof."""
    if check.why or check.value is None or not check.counts:
        return ""
    low, high = check.at_least, check.at_most
    kept = (low is None or check.value >= low) and (high is None or check.value <= high)
    count = check.worst.examples if check.worst else min(check.counts.values())
    if kept and not check.passed:
        return f", which {count} examples do not show"
    if check.passed and not kept:
        return f", and {count} examples do not show that it is broken"
    return ""


def _where(where: str) -> str:
    return "" if where == "all" else f" where {where.replace(': ', ' is ')}"
