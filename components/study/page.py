"""A study as one HTML page, the verdicts first: nothing but the file is needed to read it."""

import json
from dataclasses import dataclass

from tfx_updaters.components import study
from tfx_updaters.components.report.curves import Plot
from tfx_updaters.components.report.html import render
from tfx_updaters.components.report.intervals import Chart
from tfx_updaters.components.report.table import Table
from tfx_updaters.components.study import figures, tables
from tfx_updaters.components.study.conditions import CLEAN
from tfx_updaters.components.study.origin import Origin, versions
from tfx_updaters.components.study.outcome import Outcome
from tfx_updaters.components.study.verdict import BETTER, WORSE, Verdict

TEMPLATE = "page.html"
CALLS = {BETTER: "passed", WORSE: "failed"}
MARKS = {BETTER: "▲", WORSE: "▼"}


@dataclass(frozen=True)
class Condition:
    """What the page has of a condition.

    Attributes:
        name: its text.
        said: of each verdict a word for its style, a mark, and the sentence.
        summaries: table of all arms.
        finals: picture of the metric in the end.
        differences: table of the differences to the reference, and their picture.
        learning: curves over the epochs.
        classes: table of all classes, and a picture of the worst ones.
        dynamics: pictures of what the updates did to each layer, and the arms that are not on them.
        sensitivity: curves over the rates; None where they were not tuned.
        targets: table and picture of the way to the target; None without one.
    """

    name: str
    said: list[tuple[str, str, str]]
    summaries: Table
    finals: Chart
    differences: tuple[Table, Chart]
    learning: list[Plot]
    classes: tuple[Table, Chart]
    dynamics: list[tuple[Chart, list[str]]]
    sensitivity: Plot | None
    targets: tuple[Table, Chart] | None


def page(outcome: Outcome, origin: Origin) -> str:
    """The page, well-formed as XML too; everything in it is escaped."""
    plan = outcome.plan
    return render(
        [study.__name__], TEMPLATE,
        plan=plan,
        winner=_winner(outcome),
        others=[arm.name for arm in plan.arms[1:]],
        notes=outcome.notes,
        conditions=[_condition(outcome, str(each)) for each in plan.conditions],
        changed=[str(each) for each in plan.conditions if each.name != CLEAN],
        profile=figures.profile(outcome),
        untrained=tables.untrained(outcome),
        protocol=_protocol(outcome),
        updaters=[
            (arm.name, str(arm.updater), json.dumps(arm.updater.document, indent=1))
            for arm in plan.arms
        ],
        origin=origin, versions=versions(),
    )  # fmt: skip


def _winner(outcome: Outcome) -> str:
    """What a pipeline would go on with."""
    if outcome.winner is None:
        return f"nothing: {outcome.plan.reference.name} trained no model"
    condition, arm = outcome.winner
    why = "was shown to be better" if arm != outcome.plan.reference.name else "is the reference"
    return f"{arm}, which {why}; rate {outcome.rate(outcome.winner)} ({condition})"


def _condition(outcome: Outcome, name: str) -> Condition:
    verdicts = [each for each in outcome.verdicts if each.condition == name]
    targets = None
    if outcome.plan.target is not None:
        targets = tables.targets(outcome, name), figures.steps(outcome, name)
    return Condition(
        name=name,
        said=[_said(each) for each in verdicts],
        summaries=tables.summaries(outcome, name),
        finals=figures.finals(outcome, name),
        differences=(tables.differences(outcome, name), figures.differences(outcome, name)),
        learning=figures.learning(outcome, name),
        classes=(tables.classes(outcome, name), figures.worst(outcome, name)),
        dynamics=[(each, _absent(outcome, each)) for each in figures.dynamics(outcome, name)],
        sensitivity=figures.sensitivity(outcome, name),
        targets=targets,
    )


def _absent(outcome: Outcome, chart: Chart) -> list[str]:
    drawn = {mark.of for row in chart.rows for mark in row.marks}
    return [arm.name for arm in outcome.plan.arms if arm.name not in drawn]


def _said(verdict: Verdict) -> tuple[str, str, str]:
    return CALLS.get(verdict.call, "open"), MARKS.get(verdict.call, "○"), verdict.sentence()


def _protocol(outcome: Outcome) -> list[tuple[str, str]]:
    """How the study was made: what, and how much of it."""
    plan, training = outcome.plan, outcome.plan.training
    tuned, final = plan.tuning_seeds, plan.final_seeds
    epochs = "epoch" if training.epochs == 1 else "epochs"
    rows = [
        ("Compared by", f"{plan.metric} on the test split after the last epoch"),
        ("Seeds", f"{plan.seeds}: {final.start} to {final.stop - 1}, the same for all updaters"),
        ("Level", f"{100 * plan.confidence:g} % for all verdicts together"),
        ("Training", f"{training.epochs} {epochs}, batches of {training.batch_size}"),
        ("Loss", training.loss),
        ("Validation", f"{100 * plan.validation:g} % of the training examples"),
        ("Model", f"{plan.model_fn} with {json.dumps(dict(plan.model_args))}"),
    ]
    if plan.tuning is None:
        return [*rows, ("Learning rates", "not tuned: each updater has its own")]
    how = (
        f"{plan.tuning.rates} a factor of {plan.tuning.factor:.3g} apart, each trained with "
        f"{len(tuned)} seeds ({tuned.start} to {tuned.stop - 1}); the best one on validation, "
        f"with {plan.tuning.extensions} extensions of the grid at most"
    )
    return [*rows, ("Learning rates", how)]
