"""Verdicts: who is called different, how often by luck, and in which words."""

import numpy as np
import pytest
from made_results import result

from tfx_updaters.components import TrainingConfig
from tfx_updaters.components.study import power
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.verdict import verdicts

ARMS = (Arm("sgd", "sgd"), Arm("momentum", "momentum"), Arm("clip", "magnitude_clip"))
CONDITIONS = (Condition(), Condition("outliers", 0.1))


def judged(plan, values):
    """The verdicts on accuracies, by condition and arm."""
    results = {place: [result(v) for v in found] for place, found in values.items()}
    return {(v.condition, v.arm): v for v in verdicts(plan, results)}


def drawn(plan, random, planted=None):
    """Accuracies of equal arms that share what the seed does; some have an advantage."""
    seeds = random.normal(0.9, 0.02, plan.seeds)
    return {
        (str(c), a.name): seeds
        + random.normal(0, 0.01, plan.seeds)
        + (planted or {}).get((str(c), a.name), 0.0)
        for c, a in plan.pairs()
    }


def test_equal_arms_are_called_different_in_at_most_5_studies_of_100():
    """With 4 comparisons in a study; the bound is exceeded by luck once in 1000 times."""
    plan, random = Plan(ARMS, CONDITIONS), np.random.default_rng(0)
    studies = [judged(plan, drawn(plan, random)) for _ in range(300)]
    called = [any(v.call != "no difference shown" for v in study.values()) for study in studies]
    assert np.mean(called) <= 0.05 + 3.1 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.parametrize(("sign", "call"), [(1, "better"), (-1, "worse")])
def test_a_planted_difference_is_found_eight_times_in_ten(sign, call):
    """One arm of two, of the size that the power calculation says for the hardest of its levels."""
    plan, random = Plan(ARMS), np.random.default_rng(1)
    size = power.smallest(plan.seeds, 1 - 0.05 / 2) * 0.01 * np.sqrt(2)
    planted = {("clean", "clip"): sign * size}
    found = [judged(plan, drawn(plan, random, planted))["clean", "clip"].call for _ in range(300)]
    assert np.mean([each == call for each in found]) >= 0.8 - 3.1 * np.sqrt(0.16 / 300)


def test_a_low_loss_is_better():
    plan = Plan(ARMS[:2], metric="mean_squared_error",
                training=TrainingConfig(epochs=1, metrics=["mean_squared_error"]))  # fmt: skip
    random = np.random.default_rng(0)
    results = {}
    for arm, shift in (("sgd", 0.0), ("momentum", -0.1)):
        made = [result(v + shift) for v in random.normal(0.5, 0.01, 10)]
        for each in made:
            for point in each.curve:
                point.test["mean_squared_error"] = point.test["accuracy"]
        results["clean", arm] = made
    (verdict,) = verdicts(plan, results)
    assert verdict.call == "better"
    assert verdict.difference == pytest.approx(-0.1, abs=0.02)


def spread(middle, width=0.01, seeds=10):
    return np.linspace(middle - width, middle + width, seeds)


def words(values, **plan):
    arms = ARMS[:2]
    study = Plan(arms, seeds=len(values[0]), **plan)
    places = [("clean", arm.name) for arm in arms]
    return judged(study, dict(zip(places, values, strict=True)))["clean", "momentum"].sentence()


def test_the_sentences():
    noise = np.tile([0.01, -0.01], 5)
    better = words([spread(0.8), spread(0.9) + noise])
    assert better.startswith("momentum is better than sgd, clean: accuracy +0.1000, 95 % interval")
    assert better.endswith("p 0.003 after Holm, 10 pairs.")
    assert words([spread(0.9), spread(0.8) + noise]).startswith("momentum is worse than sgd")
    nothing = words([spread(0.9), spread(0.9) + noise])
    assert nothing.startswith("momentum and sgd, clean: no difference shown: accuracy +0.0000")
    assert "it could have shown one of 0.0" in nothing
    assert "the same accuracy in all of 10 pairs." in words([spread(0.9), spread(0.9)])
    few = words([spread(0.9, seeds=5), spread(0.95, 0.02, seeds=5)])
    assert few.endswith("no difference shown: too few to show any: 5 pairs.")
    assert words([[0.9, 0.9], [0.8, 0.8]]).endswith("too few to show any: 2 pairs.")


def test_a_training_that_failed_leaves_its_pair_out():
    plan = Plan(ARMS[:2], seeds=10)
    results = {("clean", arm.name): [result(0.9)] * 10 for arm in plan.arms}
    results["clean", "momentum"] = [result(0.9, status="failed"), *[result(0.95)] * 9]
    (verdict,) = verdicts(plan, results)
    assert verdict.left_out == 1 and len(verdict.differences) == 9
    assert "9 pairs, 1 left out as they failed" in verdict.sentence()
    results["clean", "momentum"] = [result(0.9, status="failed")] * 10
    (verdict,) = verdicts(plan, results)
    assert verdict.call == "no difference shown"
    assert "10 seeds failed, too few are left" in verdict.sentence()


def test_a_training_that_diverged_counts_as_untrained():
    plan = Plan(ARMS[:2], seeds=10)
    results = {("clean", arm.name): [result(0.9)] * 10 for arm in plan.arms}
    results["clean", "momentum"] = [result(0.5, status="diverged")] * 10
    (verdict,) = verdicts(plan, results)
    assert verdict.call == "worse"
    assert verdict.difference == pytest.approx(0.1 - 0.9)
