"""Trainings on several devices. GPUs are not at hand: TensorFlow makes two devices of the CPU."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
from test_pool import DATA, PLAN, without_seconds

from tfx_updaters.components.study import pool
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Trial
from tfx_updaters.components.trainer import cnn

HERE = Path(__file__)
TRIALS = [Trial(Condition(), arm, 0, seed) for arm in PLAN.arms for seed in range(4)]
made_on: list[str] = []


def model(**arguments: Any) -> Any:
    """A CNN; it is remembered where its weights are."""
    made = cnn.image(**arguments)
    made_on.append(made.variables[0].value.device[-5:])
    return made


def printed(function: str, *arguments: str) -> Any:
    """What a function of this module prints in a process of its own."""
    call = f"import {HERE.stem}; {HERE.stem}.{function}(*{arguments})"
    ended = subprocess.run(
        [sys.executable, "-c", call], cwd=HERE.parent, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout.splitlines()[-1])


def trained(*devices: str) -> None:
    """Prints each trial's result, and how many models each device has had."""
    import dataclasses

    half = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [half, half]
    )
    plan = dataclasses.replace(PLAN, model_fn=f"{HERE.stem}.model")
    training = Training(plan, DATA)
    made_on.clear()
    with pool.Pool(training, max(2, len(devices)), devices) as train:
        results = {str(trial.file): dataclasses.asdict(result) for trial, result in train(TRIALS)}
    counts = {device: made_on.count(device) for device in set(made_on)}
    print(json.dumps([without_seconds(results), counts], sort_keys=True))


def threads() -> None:
    """Prints TensorFlow's threads for an operation, before it runs and after."""
    pool.give_each_a_core()
    before = tf.config.threading.get_intra_op_parallelism_threads()
    tf.add(1, 1)
    pool.give_each_a_core()
    print(json.dumps([before, tf.config.threading.get_intra_op_parallelism_threads()]))


def threads_of_a_runtime() -> None:
    """The same, where somebody has used TensorFlow before."""
    tf.add(1, 1)
    pool.give_each_a_core()
    print(json.dumps(tf.config.threading.get_intra_op_parallelism_threads()))


def test_trials_take_the_devices_in_turn_and_give_the_same():
    on_two, counts = printed("trained", "CPU:0", "CPU:1")
    assert set(counts) == {"CPU:0", "CPU:1"}
    assert sum(counts.values()) == len(TRIALS)
    on_one, counts = printed("trained", "CPU:1")
    assert counts == {"CPU:1": len(TRIALS)}
    assert on_two == on_one


def test_a_machine_trains_one_for_each_gpu(monkeypatch):
    devices = [tf.config.PhysicalDevice(f"/physical_device:GPU:{n}", "GPU") for n in range(3)]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: devices)
    assert pool.gpus() == ["GPU:0", "GPU:1", "GPU:2"]
    assert pool.jobs() == 3
    devices.clear()
    assert pool.gpus() == []
    assert 1 <= pool.jobs() <= pool.MOST


def test_each_training_has_a_core_if_tensorflow_does_not_run_yet():
    assert printed("threads") == [1, 1]
    assert printed("threads_of_a_runtime") == 0
