"""The verdict is TFMA's own, and that of the stock Evaluator where no bound is asked for."""

import itertools
from typing import Any

import configs
import evaluations
import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from configs import at_least, at_most, change, config, gated, own, per_slice
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.proto import config_pb2

from tfx_updaters.components.evaluator import intervals
from tfx_updaters.components.evaluator.check import Check
from tfx_updaters.components.evaluator.decision import Decision
from tfx_updaters.components.evaluator.judge import Judgement, Rules, judge
from tfx_updaters.components.evaluator.metrics import SplitMetric
from tfx_updaters.components.evaluator.metrics.gated import EVALUATION
from tfx_updaters.components.evaluator.tally import VIEW, Plan, TallyFn, Wanted

BY_GROUP = "slicing_specs { } slicing_specs { feature_keys: 'group' }"
GROUPS = 3
COUNT = 90
BURDENS = ("none", "model", "gate")
# Limits on both sides of the accuracies below, of their intervals' ends, and of the changes.
VALUES = (0.55, 0.75, 0.85, 0.95)
CHANGES = (-0.3, 0.02, 0.17, 0.3)


def thresholds() -> dict[str, tuple[str, bool]]:
    """Text of each threshold, and whether it needs a baseline."""
    found = {}
    for low in VALUES:
        found[f"at-least-{low}"] = at_least(low), False
        found[f"at-most-{low}"] = at_most(low), False
        found[f"where-{low}"] = per_slice("feature_keys: 'group'", at_least(low)), False
        one = "feature_values { key: 'group' value: '1' }"
        found[f"where-1-{low}"] = per_slice(one, at_least(low)), False
    for low, high in itertools.combinations(VALUES, 2):
        both = (
            f"value_threshold {{ lower_bound {{ value: {low} }} upper_bound {{ value: {high} }} }}"
        )
        found[f"from-{low}-to-{high}"] = both, False
        two = per_slice("", at_least(low)) + per_slice("", at_most(high))
        found[f"from-{low}-to-{high}-in-two"] = two, False
    for limit, kind in itertools.product(CHANGES, ("absolute", "relative")):
        for direction in ("HIGHER_IS_BETTER", "LOWER_IS_BETTER"):
            said = change(kind, limit, direction)
            found[f"{kind}-{limit}-{direction}"] = said, True
            found[f"{kind}-{limit}-{direction}-and-value"] = at_least(0.75) + said, True
    return found


THRESHOLDS = thresholds()


def judged(of: config_pb2.EvalConfig, baseline: bool, seed: int = 0) -> Judgement:
    """Accuracies near 0.83 of the candidate, 0.7 of the baseline, on three groups."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=COUNT)
    right = {"candidate": rng.permutation(COUNT) < 75, "baseline": rng.permutation(COUNT) < 63}
    answers = {name: np.where(ok, labels, (labels + 1) % 3) for name, ok in right.items()}
    predictions: dict[str, Any] = {name: np.eye(3)[top] for name, top in answers.items()}
    whole = tfma.utils.update_eval_config_with_defaults(
        of, has_baseline=baseline, rubber_stamp=True
    )
    models = [spec.name for spec in whole.model_specs]
    extracts = {
        VIEW: np.full(COUNT, EVALUATION),
        constants.INPUT_KEY: np.arange(COUNT),
        constants.FEATURES_KEY: {"group": np.arange(COUNT) % GROUPS},
        constants.LABELS_KEY: {name: labels for name in models} if baseline else labels,
        constants.PREDICTIONS_KEY: predictions if baseline else predictions["candidate"],
    }
    inner = SplitMetric(configs.ACCURACY).inner
    plan = Plan({EVALUATION: [Wanted(inner, "", False)]}, [""], whole.slicing_specs, ())
    summed = TallyFn(plan, whole)
    summed.start_bundle()
    summed.process(extracts)
    tally = next(summed.finish_bundle()).value
    rules = Rules(whole, {}, {EVALUATION: "eval"}, (), 0.0)
    return judge(tally, {}, (), rules)


def decision(of: Judgement) -> Decision:
    return Decision(tuple(of.checks), tuple(of.faults), of.splits, of.shared)


@pytest.mark.parametrize("slices", ["slicing_specs { }", BY_GROUP], ids=["overall", "by-group"])
@pytest.mark.parametrize("burden", BURDENS)
@pytest.mark.parametrize("baseline", [False, True], ids=["alone", "with-baseline"])
def test_tfma_and_the_gate_say_the_same_of_every_threshold(baseline, burden, slices):
    verdicts = []
    for text, needs in THRESHOLDS.values():
        if needs > baseline:
            continue
        found = judged(config(gated("SplitMetric", text, burden=burden), slices=slices), baseline)
        assert found.faults == []
        told = decision(found)
        missing = [check for check in told.checks if not check.slices]
        # TFMA says of the whole that a slicing spec has no slice, not of one slice.
        said = all(each.validation_ok for each in found.validations) and not missing
        assert told.blessed == said
        assert all(check.passed == expected(check) for check in told.checks)
        verdicts.append(told.blessed)
    assert {*verdicts} == {True, False}


def expected(check: Check) -> bool:
    """By hand: which of value and bounds has to keep which limit."""
    if check.value is None:
        return False
    assert check.lower <= check.value <= check.upper
    ends = {
        "none": (check.value, check.value),
        "model": (check.lower, check.upper),
        "gate": (check.upper, check.lower),
    }[check.burden]
    floor = -np.inf if check.at_least is None else check.at_least
    ceiling = np.inf if check.at_most is None else check.at_most
    return bool(ends[0] >= floor and ends[1] <= ceiling)


@pytest.mark.parametrize("burden", BURDENS)
@pytest.mark.parametrize("slices", ["slicing_specs { }", BY_GROUP], ids=["overall", "by-group"])
def test_bounds_are_those_of_all_gated_slices_together(burden, slices):
    found = judged(config(gated("SplitMetric", at_least(0.8), burden=burden), slices=slices), False)
    together = 1 if slices != BY_GROUP else 1 + GROUPS
    assert len(found.checks) == together
    for check in found.checks:
        level = 1 - 0.05 / together
        wanted = intervals.proportion(check.value, check.counts["eval"], level)
        assert (check.lower, check.upper) == pytest.approx(wanted, abs=1e-12)


def test_the_burden_orders_the_verdicts():
    """What the model shows holds by value, and what holds by value is not shown to be broken."""
    for seed in range(20):
        blessed = {
            each: decision(
                judged(config(gated("SplitMetric", at_least(0.8), burden=each)), False, seed)
            ).blessed
            for each in BURDENS
        }
        assert blessed["model"] <= blessed["none"] <= blessed["gate"]


STOCK = {
    name: (text, baseline, slices)
    for name, text, baseline, slices in [
        ("kept", at_least(0.8), False, BY_GROUP),
        ("broken", at_least(0.93), False, BY_GROUP),
        ("broken-in-one-slice", at_least(0.87), False, BY_GROUP),
        ("from-above", at_most(0.95), False, "slicing_specs { }"),
        ("from-above-broken", at_most(0.8), False, "slicing_specs { }"),
        ("by-slice", per_slice("feature_keys: 'group'", at_least(0.87)), False, BY_GROUP),
        (
            "in-a-slice", per_slice("feature_values { key: 'group' value: 'a' }", at_least(0.5)),
            True, BY_GROUP,
        ),
        ("no-such-slice", per_slice("feature_keys: 'label'", at_least(0.5)), False, BY_GROUP),
        ("better", at_least(0.5) + change("absolute", 0.05), True, "slicing_specs { }"),
        ("not-so-much-better", at_least(0.5) + change("absolute", 0.15), True, BY_GROUP),
        ("a-share-better", at_least(0.5) + change("relative", 0.1), True, "slicing_specs { }"),
        ("no-such-share", at_least(0.5) + change("relative", 0.2), True, "slicing_specs { }"),
        ("first-run", at_least(0.5) + change("absolute", 0.9), False, "slicing_specs { }"),
        (
            "lower-is-better", at_least(0.5) + change("absolute", 0.2, "LOWER_IS_BETTER"), True,
            BY_GROUP,
        ),
    ]
}  # fmt: skip


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Artifacts of data and models, with and without a baseline: accuracies of 0.9 and 0.8."""
    splits = {"eval": evaluations.rows(60, 0.9, 2, baseline=0.8)}
    run = {
        baseline: evaluations.run(
            tmp_path_factory.mktemp("inputs"), splits, config(own("ExampleCount", at_least(60))),
            baseline=baseline,
        )
        for baseline in (False, True)
    }  # fmt: skip
    assert run[False].blessed == run[True].blessed == 1
    return {baseline: each.inputs for baseline, each in run.items()}


@pytest.mark.parametrize("name", STOCK)
def test_without_bounds_the_verdict_is_that_of_the_stock_evaluator(tmp_path, inputs, name):
    text, baseline, slices = STOCK[name]
    mine = config(gated("SplitMetric", text), slices=slices)
    ours = evaluations.evaluate(tmp_path, inputs[baseline], mine)
    theirs = evaluations.evaluate(tmp_path, inputs[baseline], configs.stock(mine), stock=True)
    assert ours.blessed == theirs.blessed
    assert tfma.load_validation_result(ours.evaluation).validation_ok == ours.decision.blessed
    assert ours.blessed == ours.decision.blessed
