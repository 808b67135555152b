"""A study as a list of trials: fair, resumable, and judged in the end."""

import dataclasses
import json
import math

import numpy as np
import pytest
from made_results import result

from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.runner import Runner
from tfx_updaters.components.study.trials import Result, Trials
from tfx_updaters.components.study.tuning import Tuning

ARMS = (Arm("sgd", "sgd"), Arm("momentum", "momentum"))
PLAN = Plan(ARMS, [Condition(), Condition("outliers", 0.1)], seeds=8, target=0.85,
            tuning=Tuning(rates=3, seeds=2))  # fmt: skip
BEST = {"sgd": 2, "momentum": 0}


class Trainings:
    """Momentum is better by 0.05 with outliers; each arm has a best rate. Can be killed."""

    def __init__(self, killed_after=None):
        self.trained = []
        self.killed_after = killed_after

    def __call__(self, trials):
        return ((trial, self.result(trial)) for trial in trials)

    def result(self, trial):
        if len(self.trained) == self.killed_after:
            raise KeyboardInterrupt
        self.trained.append(trial)
        random = np.random.default_rng([trial.seed, len(trial.arm.name)])
        gain = 0.05 if (trial.condition.name, trial.arm.name) == ("outliers", "momentum") else 0.0
        off = 0.02 * abs(trial.place - BEST[trial.arm.name])
        value = 0.9 + gain - off + random.normal(0, 0.003)
        return result(value, validation=[value - 0.1, value - 0.02])


def run(folder, train, plan=PLAN):
    told = []
    outcome = Runner(plan, Trials(folder, plan, "data"), train, told.append).run()
    return outcome, told


def test_the_study_finds_what_is_there(tmp_path):
    outcome, _ = run(tmp_path, Trainings())
    assert {(v.condition, v.call) for v in outcome.verdicts} == {
        ("clean", "no difference shown"), ("outliers 10 %", "better"),
    }  # fmt: skip
    assert outcome.rates["clean", "sgd"].place == 2
    assert outcome.rates["clean", "sgd"].extensions == 2
    assert outcome.rates["clean", "momentum"].place == 0
    assert any("sgd, clean: the grid was extended by 2" in note for note in outcome.notes)


def test_arms_have_equal_budgets_and_fresh_seeds(tmp_path):
    train = Trainings()
    run(tmp_path, train)
    final = [trial for trial in train.trained if trial.seed in PLAN.final_seeds]
    tuning = [trial for trial in train.trained if trial.seed in PLAN.tuning_seeds]
    assert len(final) + len(tuning) == len(train.trained)
    assert len({trial.file for trial in train.trained}) == len(train.trained)
    for condition in PLAN.conditions:
        for arm in ARMS:
            mine = [t for t in final if t.condition == condition and t.arm == arm]
            assert [t.seed for t in mine] == list(PLAN.final_seeds)
            grid = {t.place for t in tuning if t.condition == condition and t.arm == arm}
            assert grid >= {-1, 0, 1}


@pytest.mark.parametrize("killed_after", [0, 1, 17, 40])
def test_a_killed_study_repeats_nothing(tmp_path, killed_after):
    whole = Trainings()
    expected, _ = run(tmp_path / "whole", whole)
    first, second = Trainings(killed_after), Trainings()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", first)
    outcome, told = run(tmp_path / "killed", second)
    assert first.trained + second.trained == whole.trained
    assert outcome.to_json() == expected.to_json()
    assert told[0].done == killed_after
    third = Trainings()
    assert run(tmp_path / "killed", third)[0].to_json() == expected.to_json()
    assert not third.trained


def test_progress_counts_up_to_the_end(tmp_path):
    _, told = run(tmp_path, Trainings())
    assert [progress.done for progress in told] == list(range(len(told)))
    assert told[-1].done == told[-1].total and told[-1].running is None
    assert told[0].total == 2 * 2 * (3 * 2 + 8)
    assert math.isnan(told[0].left) and told[1].left > 0 and told[-1].left == 0
    assert told[0].leader == ""
    assert told[-2].running.condition.name == "outliers" and told[-2].leader == "momentum"


def test_failed_and_diverged_trials_are_results(tmp_path):
    def train(trials):
        for trial in trials:
            if trial.arm.name != "momentum":
                yield trial, Trainings().result(trial)
            elif trial.seed % 2:
                yield trial, Result("failed", "no memory")
            else:
                yield trial, result(0.9, status="diverged")

    outcome, _ = run(tmp_path, train)
    found = outcome.summaries["clean", "momentum"]
    assert (found.trainings, found.failed, found.diverged) == (8, 4, 4)
    assert any("momentum, clean: no rate of the grid" in note for note in outcome.notes)
    again, _ = run(tmp_path, Trainings(killed_after=0))
    assert again.to_json() == outcome.to_json()


def test_the_json_is_plain_and_says_it_all(tmp_path):
    outcome, _ = run(tmp_path, Trainings())
    document = json.loads(json.dumps(outcome.to_json(), allow_nan=False))
    assert document["verdicts"][1]["sentence"].startswith("momentum is better than sgd, outliers")
    assert Plan.from_json(document["plan"]) == PLAN
    arm = document["arms"][0]
    assert (arm["arm"], arm["tuning"]["extensions"]) == ("sgd", 2)
    assert len(arm["trials"]) == 8
    assert document["profiles"]["arms"].keys() == {"sgd", "momentum"}


def test_a_target_that_nobody_reaches_is_noted(tmp_path):
    plan = dataclasses.replace(PLAN, target=0.999)
    outcome, _ = run(tmp_path, Trainings(), plan)
    assert "No training reached the target of 0.999 accuracy." in outcome.notes
    assert set(outcome.profiles["sgd"]) == {0.0}


def test_too_few_seeds_are_noted_and_show_nothing(tmp_path):
    plan = dataclasses.replace(PLAN, seeds=3, tuning=None)
    outcome, _ = run(tmp_path, Trainings(), plan)
    assert any("3 seeds cannot show a difference" in note for note in outcome.notes)
    assert {v.call for v in outcome.verdicts} == {"no difference shown"}
