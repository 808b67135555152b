"""The trials of a study in a folder: each a JSON file, so that a killed study repeats nothing."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfx_updaters.components.errors import StudyError
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.origin import versions
from tfx_updaters.components.study.plan import Plan

STUDY_FILE, TRIALS = "study.json", "trials"
DONE, DIVERGED, FAILED = "done", "diverged", "failed"


@dataclasses.dataclass(frozen=True)
class Trial:
    """One training.

    Attributes:
        condition: of its examples.
        arm: its updater.
        place: of its rate in the grid: 0 is the arm's own.
        seed: of all that is random.
    """

    condition: Condition
    arm: Arm
    place: int
    seed: int

    @property
    def file(self) -> Path:
        """Where its result is, under the folder of trials."""
        strength = self.condition.strength
        condition = f"{self.condition.name}-{self.condition.share:g}" + (
            f"-{strength:g}" if strength is not None else ""
        )
        return Path(condition) / self.arm.name / f"rate{self.place:+d}-seed{self.seed}.json"


@dataclasses.dataclass(frozen=True)
class Point:
    """A model after some epochs; without any it is as it was made.

    Attributes:
        step: updates so far.
        seconds: spent in them; the graph of the steps is made before.
        train: loss and metrics over the epoch's batches, as they were trained on; none at first.
        validation: loss and metrics on the validation split.
        test: loss and metrics on the test split.
    """

    step: int
    seconds: float
    train: Mapping[str, float]
    validation: Mapping[str, float]
    test: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of a trial.

    Attributes:
        status: `done`; `diverged`, if the loss was not finite or in the end higher than at first;
            `failed`, if the training raised something else.
        why: what diverged or failed.
        curve: before the first epoch, and after each.
        train: loss and metrics in the end on the examples that were trained on.
        classes: the accuracy in the end on each class of the test split, None where it has no
            example; empty if the model does not choose among classes.
        dynamics: what the last update of each epoch did, by statistic and layer, as
            `components.trainer.dynamics` records it; empty where the rate is tuned.
    """

    status: str
    why: str = ""
    curve: Sequence[Point] = ()
    train: Mapping[str, float] = dataclasses.field(default_factory=dict)
    classes: Sequence[float | None] = dataclasses.field(default_factory=list)
    dynamics: Mapping[str, Mapping[str, Sequence[float]]] = dataclasses.field(default_factory=dict)

    @property
    def last(self) -> Point | None:
        """What the training gave: the model as it was made if it diverged, none if it failed."""
        if self.status == FAILED or not self.curve:
            return None
        return self.curve[0 if self.status == DIVERGED else -1]

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` takes back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Result":
        """The result that `to_json` wrote."""
        return cls(**{**document, "curve": [Point(**point) for point in document["curve"]]})


class Trials:
    """The results of one study's trials, in its folder.

    Args:
        folder: of the study; made where it is missing.
        plan: of the study.
        data: fingerprint of the data.

    Raises:
        StudyError: the folder holds a study of another plan, data or versions: what differs.
        OSError: it cannot be written to.
    """

    def __init__(self, folder: Path, plan: Plan, data: str):
        self._folder = folder / TRIALS
        self._head = _head(plan, data)
        path = folder / STUDY_FILE
        if path.exists():
            _check_same(path, _read(path), self._head)
        else:
            _write(path, self._head)

    def result(self, trial: Trial) -> Result | None:
        """The result of a trial; None if it has not ended.

        Raises:
            StudyError: its file is damaged.
        """
        path = self._folder / trial.file
        if not path.exists():
            return None
        try:
            return Result.from_json(_read(path))
        except (KeyError, TypeError) as error:
            raise _damaged(path, error) from error

    def take(self, folder: Path) -> None:
        """Keeps the results that another folder has of this study.

        Raises:
            StudyError: it holds another study, or a file is damaged or missing.
        """
        try:
            _check_same(folder / STUDY_FILE, _read(folder / STUDY_FILE), self._head)
            for path in sorted((folder / TRIALS).rglob("*.json")):
                _write(self._folder / path.relative_to(folder / TRIALS), _read(path))
        except FileNotFoundError as error:
            raise StudyError(f"{folder} holds no trials of a study: {error}") from error

    def add(self, trial: Trial, result: Result) -> None:
        """Keeps a result: its file is there whole, or not at all."""
        _write(self._folder / trial.file, result.to_json())


def _head(plan: Plan, data: str) -> dict[str, Any]:
    head = {"versions": versions(), "data": data, "plan": plan.to_json()}
    return json.loads(json.dumps(head))


def _check_same(path: Path, found: Any, wanted: Mapping[str, Any]) -> None:
    differing = list(_differences(found, wanted, ""))
    if differing:
        raise StudyError(
            f"{path.parent} holds another study: {'; '.join(differing[:5])}; give another folder, "
            "or remove this one"
        )


def _differences(found: Any, wanted: Any, where: str) -> list[str]:
    """Where two documents differ, the innermost places."""
    if isinstance(found, list) and isinstance(wanted, list):
        found, wanted = (dict(enumerate(each)) for each in (found, wanted))
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        names = [*wanted, *(name for name in found if name not in wanted)]
        return [
            difference
            for name in names
            for difference in _differences(
                found.get(name), wanted.get(name), f"{where}.{name}".removeprefix(".")
            )
        ]
    return [] if found == wanted else [f"{where} was {_short(found)}, is {_short(wanted)}"]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> StudyError:
    return StudyError(f"{path} is damaged ({error}); remove it, and the study makes it again")


def _write(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        with partial.open("w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
