"""The decision on a model: what was checked, against what, and what came of it."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tfx_updaters.components.errors import DataError
from tfx_updaters.components.evaluator.check import Check

SCHEMA = 1
FILE = "decision.json"
# Reasons in the sentence; the rest is counted.
TOLD = 3


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
            told, more = self.reasons()[:TOLD], len(self.reasons()) - TOLD
            return f"refused: {'. '.join(told)}" + (f". And {more} more" if more > 0 else "")
        closest = self.closest_first()[0]
        gated = sum(check.gated for check in self.checks)
        passed = "1 check passed" if gated == 1 else f"{gated} checks passed; the closest"
        return f"blessed: {passed}: {closest.sentence()}"

    def closest_first(self) -> tuple[Check, ...]:
        """The checks from the least margin on; those that are not gated come last."""

        def place(check: Check) -> tuple[bool, bool, float]:
            return not check.gated, check.passed, check.margin or 0.0

        return tuple(sorted(self.checks, key=place))

    def to_json(self) -> str:
        """As `decision.json` has it; NaN and infinite numbers are null."""
        found = {
            "schema": SCHEMA, "blessed": self.blessed, "sentence": self.sentence(),
            "reasons": self.reasons(), **dataclasses.asdict(self),
        }  # fmt: skip
        return json.dumps(_finite(found), indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Decision":
        """Reads what `to_json` wrote.

        Raises:
            DataError: it is none that keeps the `schema`.
        """
        try:
            return _READER.validate_json(text)
        except ValidationError as error:
            raise DataError(f"this is no {FILE}: {error}") from error


_READER = TypeAdapter(Decision)


def schema() -> dict[str, Any]:
    """The JSON Schema of `decision.json`: every property is there, and no other."""
    found = _READER.json_schema()
    found["properties"] = {
        "schema": {"const": SCHEMA, "description": "Version of this schema."},
        "blessed": {"type": "boolean"},
        "sentence": {"type": "string", "description": "The decision for people."},
        "reasons": {
            "type": "array", "items": {"type": "string"},
            "description": "A sentence for each thing that refuses the model.",
        },
        **found["properties"],
    }  # fmt: skip
    for each in (found, *found["$defs"].values()):
        each["required"] = list(each["properties"])
        each["additionalProperties"] = False
    return found


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
