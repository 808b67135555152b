"""The decision on a model: what was checked, against what, and what came of it."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = 1
FILE = "decision.json"


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

    def sentence(self) -> str:
        """For people: what it is, between what, and what is allowed."""
        name = self.metric.replace("_", " ") + (" (change)" if self.change else "")
        where = "" if self.slice == "all" else f" where {self.slice}"
        if self.value is None or math.isnan(self.value):
            return f"{name}{where} could not be computed: {self.why}"
        number = f"{self.value:+.4f}" if self.change else f"{self.value:.4f}"
        if self.lower is not None and self.upper is not None and self.confidence is not None:
            level = f"{100 * self.confidence:g} % confidence"
            together = f", {self.slices} slices together" if self.slices > 1 else ""
            number += f", between {self.lower:.4f} and {self.upper:.4f} with {level}{together}"
        limits = " and ".join(
            f"{word} {limit:g}"
            for word, limit in (("at least", self.at_least), ("at most", self.at_most))
            if limit is not None
        )
        proof = {
            "model": "; the model must show it",
            "gate": "; the gate must show a breach",
            "none": "",
        }[self.burden]
        few = "" if self.gated else "; too few examples, not gated"
        return f"{name}{where} {number}: {limits} {'is allowed' if limits else ''}{proof}{few}"


@dataclass(frozen=True)
class Fault:
    """Examples that cannot be judged, or something else that forbids a blessing.

    Attributes:
        why: the reason.
        split: of the examples, if it is of one split.
        examples: how many there are.
    """

    why: str
    split: str = ""
    examples: int = 0

    def sentence(self) -> str:
        """For people."""
        where = f" in split {self.split!r}" if self.split else ""
        many = f" ({self.examples} examples)" if self.examples else ""
        return f"{self.why}{where}{many}"


@dataclass(frozen=True)
class Decision:
    """Whether a model is blessed, and why.

    Attributes:
        checks: every threshold in every slice.
        faults: what refuses the model whatever the checks say.
        splits: number of examples of each.
        shared: of the evaluation examples, the share that the reference split has as well.
        notes: what else should be known: no baseline, changes that were not judged.
        model: URI.
        baseline: URI of the last blessed model, if there was one.
    """

    checks: tuple[Check, ...]
    faults: tuple[Fault, ...]
    splits: Mapping[str, int] = field(default_factory=dict)
    shared: float | None = None
    notes: tuple[str, ...] = ()
    model: str = ""
    baseline: str | None = None

    @property
    def blessed(self) -> bool:
        """Every check passed, there was one, and there is no fault."""
        gated = [check for check in self.checks if check.gated]
        return bool(gated) and not self.faults and all(check.passed for check in gated)

    def reasons(self) -> tuple[str, ...]:
        """A sentence for each thing that refuses the model."""
        failed = [check for check in self.checks if check.gated and not check.passed]
        reasons = [each.sentence() for each in (*self.faults, *failed)]
        if not reasons and not self.blessed:
            reasons = ["nothing was gated"]
        return tuple(reasons)

    def sentence(self) -> str:
        """The decision in one sentence."""
        if not self.blessed:
            return f"refused: {'; '.join(self.reasons())}"
        gated = [check for check in self.checks if check.gated]
        closest = min(gated, key=lambda check: check.margin if check.margin is not None else 0)
        return f"blessed: {len(gated)} checks passed; the closest: {closest.sentence()}"

    def to_json(self) -> str:
        """As `decision.json` has it; NaN and infinite numbers are null."""
        found = {
            "schema": SCHEMA, "blessed": self.blessed, "sentence": self.sentence(),
            "reasons": self.reasons(), **dataclasses.asdict(self),
        }  # fmt: skip
        return json.dumps(_finite(found), indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Decision":
        """Reads what `to_json` wrote."""
        found = json.loads(text)
        return cls(
            checks=tuple(Check(**check) for check in found["checks"]),
            faults=tuple(Fault(**fault) for fault in found["faults"]),
            splits=found["splits"], shared=found["shared"], notes=tuple(found["notes"]),
            model=found["model"], baseline=found["baseline"],
        )  # fmt: skip


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
