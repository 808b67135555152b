"""What a study found: the verdicts first, then the numbers behind them, as JSON too."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfx_updaters.components.evaluator.intervals import NOTHING, Interval
from tfx_updaters.components.study import rates
from tfx_updaters.components.study.paired import Paired
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.search import Found
from tfx_updaters.components.study.summary import Summary, profiles, summary
from tfx_updaters.components.study.trials import DONE, Result
from tfx_updaters.components.study.verdict import BETTER, Verdict, verdicts
from tfx_updaters.components.trainer.choice import Choice

# The text of a condition and the name of an arm.
Place = tuple[str, str]
FACTORS = (1.0, 1.5, 2.0, 4.0)


@dataclass(frozen=True)
class Outcome:
    """A finished study.

    Attributes:
        plan: what was compared.
        verdicts: on each arm but the reference, in each condition.
        summaries: of each arm in each condition.
        rates: how the rate of each was found.
        profiles: by arm, the share of all trainings that reach the target within `FACTORS` of the
            steps of the fastest arm; empty without a target.
        notes: what a reader has to know.
        curves: the results of the compared trainings, in the order of the seeds.
    """

    plan: Plan
    verdicts: Sequence[Verdict]
    summaries: Mapping[Place, Summary]
    rates: Mapping[Place, Found]
    profiles: Mapping[str, Sequence[float]]
    notes: Sequence[str]
    curves: Mapping[Place, Sequence[Result]]

    @classmethod
    def of(
        cls, plan: Plan, found: Mapping[Place, Found], results: Mapping[Place, Sequence[Result]]
    ) -> "Outcome":
        """Judges the results of a plan's final seeds."""
        summaries = {place: summary(plan, runs) for place, runs in results.items()}
        return cls(
            plan, verdicts(plan, results), summaries, found,
            _profiles(plan, summaries), _notes(plan, found, summaries), results,
        )  # fmt: skip

    @property
    def winner(self) -> Place | None:
        """The arm to go on with, in the first condition.

        Of those that were shown to be better, the one with the best mean; the reference if none
        was. None if no training of it gave a model.
        """
        first = str(self.plan.conditions[0])
        better = [v.arm for v in self.verdicts if (v.condition, v.call) == (first, BETTER)]
        sign = 1 if self.plan.higher_is_better else -1
        name = max(
            better or [self.plan.reference.name],
            key=lambda arm: sign * self.summaries[first, arm].final.mean,
        )
        trained = any(result.status == DONE for result in self.curves[first, name])
        return (first, name) if trained else None

    def tuned(self, place: Place) -> Choice:
        """The updater that an arm was compared with in a condition."""
        arm = next(arm for arm in self.plan.arms if arm.name == place[1])
        return rates.multiplied(arm.updater, self.factor(self.rates[place].place))

    def rate(self, place: Place) -> str:
        """Its learning rate."""
        return rates.text(self.tuned(place))

    def finals(self, place: Place) -> list[float]:
        """The metric on the test split in the end, of each training that did not fail."""
        lasts = (result.last for result in self.curves[place])
        return [last.test[self.plan.metric] for last in lasts if last]

    def interval(self, place: Place) -> Interval:
        """Where the mean of the final metric may lie; NaN or infinite where nothing says so."""
        finals = tuple(self.finals(place))
        return Paired(finals).interval(self.plan.confidence) if finals else NOTHING

    def factor(self, place: int) -> float:
        """What a place in the grid multiplies the arm's own rate by."""
        return self.plan.tuning.factor**place if self.plan.tuning else 1.0

    def to_json(self) -> dict[str, Any]:
        """Plain data; what is not finite is null."""
        return _finite(
            {
                "verdicts": [
                    {**dataclasses.asdict(each), "sentence": each.sentence()}
                    for each in self.verdicts
                ],
                "winner": self._winner(),
                "notes": list(self.notes),
                "arms": [self._arm(place) for place in self.summaries],
                "profiles": {"factors": FACTORS, "arms": self.profiles} if self.profiles else None,
                "plan": self.plan.to_json(),
            }
        )

    def _winner(self) -> dict[str, Any] | None:
        if self.winner is None:
            return None
        condition, arm = self.winner
        updater = self.tuned(self.winner).document
        return {"condition": condition, "arm": arm, "updater": updater}

    def _arm(self, place: Place) -> dict[str, Any]:
        found, sums = self.rates[place], self.summaries[place]
        scores = {f"{self.factor(k):.4g}": v for k, v in sorted(found.scores.items())}
        return {
            "condition": place[0],
            "arm": place[1],
            "learning_rate": self.rate(place),
            "tuning": {
                "factor": self.factor(found.place), "scores_by_factor": scores,
                "at_end": found.at_end, "extensions": found.extensions,
                "sensitivity": found.sensitivity,
            },
            **dataclasses.asdict(sums),
            "final_interval": self.interval(place),
            "divergence": sums.divergence(self.plan.confidence),
            "trials": [result.to_json() for result in self.curves[place]],
        }  # fmt: skip


def _profiles(plan: Plan, summaries: Mapping[Place, Summary]) -> dict[str, list[float]]:
    if plan.target is None:
        return {}
    steps: dict[str, list[int | None]] = {arm.name: [] for arm in plan.arms}
    for (_, arm), each in summaries.items():
        steps[arm] += each.reached.steps if each.reached else ()
    return profiles(steps, FACTORS)


def _notes(
    plan: Plan, found: Mapping[Place, Found], summaries: Mapping[Place, Summary]
) -> list[str]:
    notes = []
    if plan.seeds < plan.seeds_needed:
        several = "s" if plan.comparisons > 1 else ""
        notes.append(
            f"{plan.seeds} seeds cannot show a difference at {100 * plan.confidence:g} % with "
            f"{plan.comparisons} comparison{several}; {plan.seeds_needed} or more can."
        )
    for (condition, arm), each in found.items():
        if each.at_end:
            notes.append(
                f"{arm}, {condition}: the best rate still lies at the end of the grid after "
                f"{each.extensions} extensions: a better one may lie beyond."
            )
        elif each.extensions:
            notes.append(f"{arm}, {condition}: the grid was extended by {each.extensions}.")
        if each.scores and not any(map(math.isfinite, each.scores.values())):
            notes.append(f"{arm}, {condition}: no rate of the grid trained without diverging.")
    reached = [each.reached for each in summaries.values() if each.reached]
    if reached and all(each.missed == len(each.steps) for each in reached):
        notes.append(f"No training reached the target of {plan.target:g} {plan.metric}.")
    return notes


def _finite(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _finite(each) for key, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value
