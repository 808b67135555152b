"""What can be said of each arm beside the reference: better, worse, or no difference shown."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfx_updaters.components.study import holm, power
from tfx_updaters.components.study.paired import Paired
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.trials import Result

BETTER, WORSE, NOT_SHOWN = "better", "worse", "no difference shown"


@dataclass(frozen=True)
class Verdict:
    """One arm beside the reference, in one condition.

    Attributes:
        condition: its text.
        arm: name of the arm.
        reference: name of the reference.
        metric: what is compared, on the test split in the end.
        call: `better`, `worse` or `no difference shown`.
        differences: arm minus reference, seed by seed, where both trainings gave a model.
        left_out: seeds without a difference, as a training failed.
        difference: their mean.
        low: lower end of its interval.
        high: upper end.
        confidence: the level that Holm's procedure judges it at, which is the interval's.
        p_value: after Holm's correction for all arms and conditions.
        smallest: the difference that this study shows 8 times in 10, from the spread of its
            differences; infinite if it has too few seeds to show any.
    """

    condition: str
    arm: str
    reference: str
    metric: str
    call: str
    differences: Sequence[float]
    left_out: int
    difference: float
    low: float
    high: float
    confidence: float
    p_value: float
    smallest: float

    def sentence(self) -> str:
        """The verdict as a text that stands alone."""
        who = f"{self.arm} and {self.reference}, {self.condition}"
        if len(self.differences) < 2:
            return f"{who}: {self.call}: {self.left_out} seeds failed, too few are left."
        numbers = (
            f"{self.metric} {self.difference:+.4f}, {100 * self.confidence:.4g} % interval "
            f"{self.low:+.4f} to {self.high:+.4f}, p {self._p()} after Holm, {self._pairs()}"
        )
        if self.call != NOT_SHOWN:
            return f"{self.arm} is {self.call} than {self.reference}, {self.condition}: {numbers}."
        if not any(self.differences):
            return f"{who}: {self.call}: the same {self.metric} in all of {self._pairs()}."
        if math.isinf(self.smallest):
            return f"{who}: {self.call}: too few to show any: {self._pairs()}."
        return f"{who}: {self.call}: {numbers}; it could have shown one of {self.smallest:.4f}."

    def _pairs(self) -> str:
        text = f"{len(self.differences)} pairs"
        return f"{text}, {self.left_out} left out as they failed" if self.left_out else text

    def _p(self) -> str:
        return f"{self.p_value:.3f}" if self.p_value >= 0.001 else "< 0.001"


def verdicts(
    plan: Plan, results: Mapping[tuple[str, str], Sequence[Result]]
) -> list[Verdict]:  # fmt: skip
    """The verdict on every arm but the reference, in every condition.

    Args:
        plan: of the study.
        results: of the final seeds in their order, by text of the condition and name of the arm.
    """
    pairs = {
        (str(condition), arm.name): _differences(
            plan, results[str(condition), arm.name], results[str(condition), plan.reference.name]
        )
        for condition, arm in plan.pairs()
        if arm is not plan.reference
    }
    p_values = [Paired(differences).p_value for differences in pairs.values()]
    judged = zip(
        pairs.items(), holm.adjusted(p_values), holm.levels(p_values, plan.confidence), strict=True
    )
    return [_verdict(plan, *place, found, p, level) for (place, found), p, level in judged]


def _differences(
    plan: Plan, arm: Sequence[Result], reference: Sequence[Result]
) -> tuple[float, ...]:
    lasts = [(a.last, b.last) for a, b in zip(arm, reference, strict=True)]
    return tuple(a.test[plan.metric] - b.test[plan.metric] for a, b in lasts if a and b)


def _verdict(
    plan: Plan, condition: str, arm: str, differences: tuple[float, ...], p: float, level: float
) -> Verdict:
    found = Paired(differences)
    reach = power.smallest(len(differences), level) if len(differences) > 1 else math.inf
    low, high = found.interval(level)
    call = NOT_SHOWN
    if low > 0 or high < 0:
        call = BETTER if (low > 0) == plan.higher_is_better else WORSE
    return Verdict(
        condition, arm, plan.reference.name, plan.metric, call, differences,
        left_out=plan.seeds - len(differences),
        difference=found.value if differences else math.nan, low=low, high=high,
        confidence=level, p_value=p,
        smallest=reach * found.deviation if math.isfinite(reach) else math.inf,
    )  # fmt: skip
