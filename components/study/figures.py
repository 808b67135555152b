"""What is drawn of a study: means with their intervals, differences, curves, rates and profiles."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tfx_updaters.components.report.curves import Line, Plot, Point, plot
from tfx_updaters.components.report.intervals import Chart, Value, chart
from tfx_updaters.components.study.layers import KEPT
from tfx_updaters.components.study.outcome import FACTORS, Outcome
from tfx_updaters.components.study.search import Found
from tfx_updaters.components.study.trials import DONE, Result
from tfx_updaters.components.trainer.figures import DRAWN, titles


def finals(outcome: Outcome, condition: str) -> Chart:
    """The metric in the end by arm: the mean, its interval, and each training."""
    values = []
    for arm in outcome.plan.arms:
        place = condition, arm.name
        final, each = outcome.summaries[place].final, outcome.finals(place)
        low, high = _ends(*outcome.interval(place))
        if _known(each):
            values.append(
                Value(arm.name, "", final.mean, low, high, f"{final.count} trainings", single=each)
            )
    return chart(f"{outcome.plan.metric} on test", values)


def differences(outcome: Outcome, condition: str) -> Chart:
    """The paired differences to the reference by arm, and each pair."""
    values = []
    for each in outcome.verdicts:
        if each.condition == condition and _known(each.differences):
            low, high = _ends(each.low, each.high)
            note = f"{len(each.differences)} pairs"
            values.append(
                Value(each.arm, "", each.difference, low, high, note, single=each.differences)
            )
    title = f"{outcome.plan.metric} on test minus that of {outcome.plan.reference.name}"
    return chart(title, values, zero=True)


def worst(outcome: Outcome, condition: str) -> Chart:
    """The class that each arm is worst at: the mean over its models, and each of them."""
    values = []
    for arm in outcome.plan.arms:
        classes = by_class(outcome.curves[condition, arm.name])
        if classes:
            label = min(classes, key=lambda label: float(np.mean(classes[label])))
            each = classes[label]
            values.append(
                Value(arm.name, "", float(np.mean(each)), note=f"class {label}", single=each)
            )
    return chart("accuracy on test of the worst class", values)


def by_class(results: Sequence[Result]) -> dict[int, list[float]]:
    """The accuracy on each class of the test split, of each training that gave a model."""
    found: dict[int, list[float]] = {}
    for result in results:
        for label, value in enumerate(result.classes):
            if value is not None:
                found.setdefault(label, []).append(value)
    return found


def steps(outcome: Outcome, condition: str) -> Chart:
    """The steps to the target by arm: the median, and each training that reached it."""
    values = []
    for arm in outcome.plan.arms:
        reached = outcome.summaries[condition, arm.name].reached
        each = [step for step in reached.steps if step is not None] if reached else []
        if reached and math.isfinite(reached.median_steps):
            note = f"{reached.missed} missed" if reached.missed else ""
            values.append(Value(arm.name, "", reached.median_steps, note=note, single=each))
    return chart("median of the steps to the target", values)


def learning(outcome: Outcome, condition: str) -> list[Plot]:
    """The metric on the test split by epoch, and the loss on what was trained on."""
    metric = outcome.plan.metric
    found = [
        _curves(outcome, condition, f"{metric} on test", lambda p: p.test.get(metric, math.nan)),
        _curves(
            outcome, condition, "loss on the batches that were trained on",
            lambda p: p.train.get("loss", math.nan),
        ),
    ]  # fmt: skip
    return [each for each in found if each]


def _curves(
    outcome: Outcome, condition: str, title: str, of: Callable[..., float]
) -> Plot | None:  # fmt: skip
    lines = []
    for arm in outcome.plan.arms:
        results = outcome.curves[condition, arm.name]
        trained = [result for result in results if result.status == DONE]
        note = "" if len(trained) == len(results) else f"{len(trained)} of {len(results)} trainings"
        lines.append(Line(arm.name, _band(trained, of), note))
    return plot(title, "epochs", lines)


def _band(results: Sequence[Result], of: Callable[..., float]) -> list[Point]:
    """The mean over the trainings after each epoch, from the lowest to the highest."""
    by_epoch = zip(*([of(point) for point in result.curve] for result in results), strict=True)
    return [
        Point(epoch, float(np.mean(values)), min(values), max(values))
        for epoch, values in enumerate(by_epoch)
    ]


def dynamics(outcome: Outcome, condition: str) -> list[Chart]:
    """What the updates did, a chart for each statistic: by layer and arm the mean over epochs.

    A mark is the mean over the trainings that gave a model, its bar from the lowest of them to the
    highest. A chart without rows is of a statistic that no training has.
    """
    arms = [arm.name for arm in outcome.plan.arms]
    done = {
        name: [each for each in outcome.curves[condition, name] if each.status == DONE]
        for name in arms
    }
    known = {each for results in done.values() for result in results for each in result.dynamics}
    return [
        chart(title, _by_layer(done, statistic), series=arms)
        for name in KEPT
        for statistic, title in titles(name, known) or [(name, DRAWN[name])]
    ]


def _by_layer(done: Mapping[str, Sequence[Result]], statistic: str) -> list[Value]:
    values = []
    for arm, results in done.items():
        means: dict[str, list[float]] = {}
        for result in results:
            for layer, epochs in result.dynamics.get(statistic, {}).items():
                means.setdefault(layer, []).append(float(np.mean(epochs)))
        values += [
            Value(layer, arm, float(np.mean(each)), min(each), max(each))
            for layer, each in means.items()
            if _known(each)
        ]
    return values


def sensitivity(outcome: Outcome, condition: str) -> Plot | None:
    """The tuned metric on the validation split by what the arm's own rate is multiplied by."""
    found = {arm.name: outcome.rates[condition, arm.name] for arm in outcome.plan.arms}
    tried = sorted({place for each in found.values() for place in each.scores})
    lines = [Line(name, _scores(each), chosen=each.place) for name, each in found.items()]
    names = {float(place): f"{outcome.factor(place):.3g}" for place in tried}
    return plot(
        f"{outcome.plan.metric} on validation", "times the updater's own rate", lines, places=names
    )


def _scores(found: Found) -> list[Point]:
    return [Point(place, score) for place, score in sorted(found.scores.items())]


def profile(outcome: Outcome) -> Plot | None:
    """The share of all trainings that reach the target within so many times the fastest's steps."""
    lines = [
        Line(arm, [Point(factor, share) for factor, share in zip(FACTORS, shares, strict=True)])
        for arm, shares in outcome.profiles.items()
    ]
    names = {factor: f"{factor:g}" for factor in FACTORS}
    title = "share of the trainings that reach the target"
    return plot(title, "within so many times the fastest's steps", lines, places=names, marked=True)


def _ends(low: float, high: float) -> tuple[float, float] | tuple[None, None]:
    """Those of an interval, if there are."""
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (None, None)


def _known(values: Sequence[float]) -> bool:
    return len(values) > 0 and all(map(math.isfinite, values))
