"""Runs a study, or some of its trials, as a node: a later attempt goes on with its trials."""

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils

from tfx_updaters.components.errors import StudyError
from tfx_updaters.components.study import examples, files
from tfx_updaters.components.study.data import Data
from tfx_updaters.components.study.origin import Origin
from tfx_updaters.components.study.outcome import Outcome
from tfx_updaters.components.study.plan import Plan
from tfx_updaters.components.study.pool import Pool, jobs
from tfx_updaters.components.study.runner import Progress, Runner
from tfx_updaters.components.study.training import Training
from tfx_updaters.components.study.trials import Trials
from tfx_updaters.components.trainer import checkpoint

LOGGER = logging.getLogger(__name__)
PLAN, STUDY = "plan", "study"
ARMS, TRIALS = "arms", "trials"
Artifacts = dict[str, list[types.Artifact]]


class Executor(base_executor.BaseExecutor):
    """The executor of `tfx_updaters.components.UpdaterStudy`."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Runs what is left of the study, and writes what came of it.

        Raises:
            ComponentError: the model, the data or a condition do not fit, or no training of the
                updater to go on with gave a model.
            UpdaterError: a rule of an updater does not fit the model.
        """
        plan = Plan.from_json(json.loads(exec_properties[PLAN]))
        study = artifact_utils.get_single_instance(output_dict[STUDY])
        data = examples.read(input_dict, plan)
        folder = _folder(study.uri, plan, data)
        trials = Trials(folder, plan, data.fingerprint)
        for name, artifacts in input_dict.items():
            if name.startswith(TRIALS):
                _take(trials, artifact_utils.get_single_uri(artifacts))
        with Pool(Training(plan, data), jobs()) as train:
            outcome = Runner(plan, trials, train, _log).run()
        _write(study, outcome, Origin(data.fingerprint, _told(data)))
        tf.io.gfile.rmtree(str(folder))  # Not before: a kill while writing must not cost it.


class PartExecutor(base_executor.BaseExecutor):
    """The executor of `tfx_updaters.components.UpdaterTrials`."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Runs what is left of some arms' trials, and writes them all.

        Raises:
            ComponentError, UpdaterError: as `Executor.Do`.
        """
        plan = Plan.from_json(json.loads(exec_properties[PLAN]))
        names = json.loads(exec_properties[ARMS])
        uri = artifact_utils.get_single_uri(output_dict[TRIALS])
        data = examples.read(input_dict, plan)
        folder = _folder(uri, plan, data, *names)
        trials = Trials(folder, plan, data.fingerprint)
        with Pool(Training(plan, data), jobs()) as train:
            Runner(plan, trials, train, _log).run_part([a for a in plan.arms if a.name in names])
        _copy(str(folder), uri)
        tf.io.gfile.rmtree(str(folder))


def _take(trials: Trials, uri: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _copy(uri, folder)
        trials.take(Path(folder))


def _copy(source: str, target: str) -> None:
    """All files of a folder; each of them may be in an object store."""
    for place, _, names in tf.io.gfile.walk(source):
        inside = f"{target}/{os.path.relpath(place, source)}"
        tf.io.gfile.makedirs(inside)
        for name in names:
            tf.io.gfile.copy(f"{place}/{name}", f"{inside}/{name}", overwrite=True)


def _folder(uri: str, plan: Plan, data: Data, *arms: str) -> Path:
    """Where a later attempt finds the trials; a store that is no folder cannot keep them."""
    kept = checkpoint.beside(uri, "studies")
    if "://" in kept:
        LOGGER.warning(
            "%s is no folder: a study that is killed begins anew; %s names one", kept,
            checkpoint.ROOT,
        )  # fmt: skip
        return Path(tempfile.mkdtemp(prefix="tfx-updaters-study-"))
    return Path(kept) / checkpoint.fingerprint(plan.to_json(), data.fingerprint, *arms)


def _told(data: Data) -> str:
    train, test = (len(split[data.label]) for split in (data.train, data.test))
    return f"{data.classes} classes; {train:,} in train, {test:,} in eval"


def _log(now: Progress) -> None:
    if now.running:
        trial = now.running
        LOGGER.info(
            "%d of %d trials, %s, %s, seed %d", now.done, now.total, trial.arm.name,
            trial.condition, trial.seed,
        )  # fmt: skip


def _write(study: types.Artifact, outcome: Outcome, origin: Origin) -> None:
    for name, text in files.texts(outcome, origin).items():
        io_utils.write_string_file(f"{study.uri}/{name}", text)
    for sentence in (*(verdict.sentence() for verdict in outcome.verdicts), *outcome.notes):
        LOGGER.info("%s", sentence)
    if outcome.winner is None:
        whys = {r.why for results in outcome.curves.values() for r in results if r.why}
        raise StudyError(
            f"no training of {outcome.plan.reference.name} gave a model, and no other updater was "
            f"shown to be better: {'; '.join(sorted(whys)[:3])}"
        )
    study.winner = outcome.winner[1]
    study.updater = outcome.tuned(outcome.winner).text
