"""The tables of a study's page: every number as `result.json` has it, rounded."""

import math
from collections.abc import Sequence

from tfx_updaters.components.report.table import Table
from tfx_updaters.components.study.outcome import Outcome
from tfx_updaters.components.study.trials import DONE

NONE = "-"


def number(value: float, sign: str = "") -> str:
    """With four decimals, large ones in powers of ten; a dash for what is not known."""
    if not math.isfinite(value):
        return NONE
    return f"{value:{sign}.4f}" if abs(value) < 1e4 else f"{value:{sign}.4g}"


def between(ends: Sequence[float], sign: str = "") -> str:
    """An interval; a dash where so few trainings give none."""
    if not all(map(math.isfinite, ends)):
        return NONE
    return " to ".join(number(end, sign) for end in ends)


def summaries(outcome: Outcome, condition: str) -> Table:
    """All arms in one condition."""
    plan = outcome.plan
    head = [
        "updater", "rate", f"final {plan.metric}", "interval", "deviation", "best", "gap",
        "diverged", "share that diverges", "failed", "rate sensitivity",
    ]  # fmt: skip
    rows = []
    for arm in plan.arms:
        place = condition, arm.name
        sums = outcome.summaries[place]
        rows.append([
            arm.name, outcome.rate(place), number(sums.final.mean),
            between(outcome.interval(place)), number(sums.final.deviation), number(sums.best.mean),
            number(sums.gap.mean, "+"), f"{sums.diverged} of {sums.trainings - sums.failed}",
            between(sums.divergence(plan.confidence)), str(sums.failed),
            number(outcome.rates[place].sensitivity),
        ])  # fmt: skip
    return Table(f"{condition}, {plan.seeds} seeds", head, rows)


def differences(outcome: Outcome, condition: str) -> Table:
    """The other arms beside the reference."""
    head = [
        "updater", "verdict", "difference", "interval", "level", "p after Holm", "pairs",
        "left out", "could have shown",
    ]  # fmt: skip
    rows = [
        [
            each.arm, each.call, number(each.difference, "+"), between((each.low, each.high), "+"),
            f"{100 * each.confidence:.4g} %", number(each.p_value), str(len(each.differences)),
            str(each.left_out), number(each.smallest),
        ]
        for each in outcome.verdicts
        if each.condition == condition
    ]  # fmt: skip
    return Table(f"{condition}: differences to {outcome.plan.reference.name}", head, rows)


def targets(outcome: Outcome, condition: str) -> Table:
    """The way to the target."""
    head = ["updater", "median of the steps", "missed", "steps of each training"]
    rows = []
    for arm in outcome.plan.arms:
        if reached := outcome.summaries[condition, arm.name].reached:
            each = ", ".join("missed" if step is None else str(step) for step in reached.steps)
            missed = f"{reached.missed} of {len(reached.steps)}"
            rows.append([arm.name, _steps(reached.median_steps), missed, each])
    return Table(f"{condition}: steps to {outcome.plan.target:g} {outcome.plan.metric}", head, rows)


def _steps(median: float) -> str:
    return "missed" if math.isinf(median) else f"{median:g}"


def untrained(outcome: Outcome) -> Table:
    """The trainings that gave no model, and why."""
    rows = [
        [arm, condition, str(seed), result.status, result.why or NONE]
        for (condition, arm), results in outcome.curves.items()
        for seed, result in zip(outcome.plan.final_seeds, results, strict=True)
        if result.status != DONE
    ]
    head = ["updater", "condition", "seed", "what", "why"]
    return Table("Trainings without a model", head, rows)
