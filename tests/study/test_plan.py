"""A plan is refused where the study could not answer, and is plain data and back."""

import dataclasses
import json

import pytest

from tfx_updaters.components import EarlyStopping, StudyError, TrainingConfig
from tfx_updaters.components.study import rates
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.tuning import Tuning
from tfx_updaters.components.trainer.choice import Choice
from tfx_updaters.optimizers import UpdaterError, get

ARMS = (Arm("sgd", "sgd"), Arm("momentum", "momentum"), Arm("clip", "magnitude_clip"))
SPELT_OUT = {"learning_rate": 0.3, "transforms": []}


def test_a_plan_is_json_and_back():
    plan = Plan(
        ARMS, [Condition(), Condition("outliers", 0.1)], tuning=Tuning(rates=3), target=0.9,
        training=TrainingConfig(epochs=2, metrics=["accuracy"]), model_args={"filters": [4]},
    )  # fmt: skip
    document = json.loads(json.dumps(plan.to_json()))
    assert Plan.from_json(document) == plan
    untuned = dataclasses.replace(plan, tuning=None)
    assert Plan.from_json(json.loads(json.dumps(untuned.to_json()))) == untuned


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"arms": ARMS[:1]}, "received sgd; two or more"),
        ({"arms": ()}, "received none; two or more"),
        ({"arms": (ARMS[0], Arm("sgd", "momentum"))}, "'sgd' twice"),
        ({"arms": (ARMS[0], Arm("mine", SPELT_OUT))}, "sgd and mine are the same chain but"),
        ({"seeds": 1}, "received 1; one training .* 7 or more can show one"),
        ({"seeds": 0}, "seeds: received 0"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'.* loss, accuracy"),
        ({"target": float("nan")}, "target"),
        ({"validation": 1}, "validation"),
        ({"confidence": 1.0}, "confidence"),
        ({"conditions": ()}, "conditions"),
        ({"conditions": (Condition(), Condition())}, "'clean' twice"),
        ({"training": TrainingConfig()}, "training.epochs"),
        ({"training": TrainingConfig(epochs=1, early_stopping=EarlyStopping())}, "early_stopping"),
    ],
    ids=[
        "one arm", "no arm", "a name twice", "the same chain", "one seed", "no seed",
        "unknown metric", "no number", "all for validation", "certain", "no condition",
        "a condition twice", "no length", "early stopping",
    ],
)  # fmt: skip
def test_a_study_that_cannot_answer_is_refused(changes, expected):
    with pytest.raises(StudyError, match=expected):
        Plan(**{"arms": ARMS, **changes})


@pytest.mark.parametrize(
    "changes",
    [{"rates": 4}, {"rates": 1}, {"factor": 1.0}, {"seeds": 0}, {"extensions": -1}],
    ids=["even", "one rate", "no step", "no seed", "fewer than none"],
)
def test_a_tuning_without_a_grid_is_refused(changes):
    with pytest.raises(StudyError, match=f"tuning.{next(iter(changes))}"):
        Tuning(**changes)


@pytest.mark.parametrize("name", ["a b", "../x", "", "ä", ".x"])
def test_a_name_that_is_none_of_a_file_is_refused(name):
    with pytest.raises(StudyError, match="arm"):
        Arm(name, "sgd")


def test_an_unknown_updater_is_refused_with_the_nearest():
    with pytest.raises(UpdaterError, match="did you mean 'momentum'"):
        Arm("mine", "momentun")


def test_chains_that_differ_in_the_rate_are_arms_where_it_is_not_tuned():
    arms = (ARMS[0], Arm("mine", SPELT_OUT))
    assert Plan(arms, tuning=None).arms == arms
    with pytest.raises(StudyError, match="the same chain"):
        Plan(
            (ARMS[0], Arm("mine", {**SPELT_OUT, "learning_rate": get("sgd").learning_rate})),
            tuning=None,
        )


def test_final_seeds_are_fresh():
    plan = Plan(ARMS, seeds=10, first_seed=5, tuning=Tuning(seeds=3))
    assert list(plan.tuning_seeds) == [5, 6, 7]
    assert list(plan.final_seeds) == list(range(8, 18))


def test_the_seeds_that_are_needed_grow_with_the_comparisons():
    assert Plan(ARMS[:2]).seeds_needed == 6  # 1/2^5 < 0.05
    assert Plan(ARMS).seeds_needed == 7  # 1/2^6 < 0.05/2
    assert Plan(ARMS, [Condition(), Condition("outliers", 0.1)]).seeds_needed == 8


@pytest.mark.parametrize(
    ("metric", "higher"),
    [("accuracy", True), ("sparse_top_k_categorical_accuracy", True), ("loss", False),
     ("sparse_categorical_crossentropy", False), ("mean_squared_error", False)],
)  # fmt: skip
def test_the_direction_of_a_metric(metric, higher):
    config = TrainingConfig(epochs=1, metrics=[metric])
    assert Plan(ARMS, metric=metric, training=config).higher_is_better is higher


COSINE = {"schedule": "CosineDecay", "initial_learning_rate": 0.25, "decay_steps": 9, "alpha": 0.5}
STEPS = {"schedule": "PiecewiseConstantDecay", "boundaries": [3], "values": [0.25, 0.5]}


@pytest.mark.parametrize(
    ("rate", "doubled"),
    [
        (0.25, 0.5),
        (COSINE, {**COSINE, "initial_learning_rate": 0.5}),
        (STEPS, {**STEPS, "values": [0.5, 1.0]}),
    ],
    ids=["number", "cosine", "steps"],
)
def test_a_rate_or_its_schedule_is_multiplied(rate, doubled):
    choice = Choice.of({"updater": "momentum", "learning_rate": rate})
    wanted = Choice.of({"updater": "momentum", "learning_rate": doubled})
    assert rates.multiplied(choice, 2).fingerprint == wanted.fingerprint


def test_the_rate_of_a_keras_optimizer_is_multiplied():
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10, alpha=0.5)
    for rate in (0.1, schedule):
        made = rates.multiplied(Choice.of(keras.optimizers.SGD(rate)), 3).optimizer()
        assert float(made.learning_rate) == pytest.approx(0.3)
