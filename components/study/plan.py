"""What a study compares, and how: checked before anything is trained."""

import dataclasses
import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfx_updaters.components.errors import StudyError
from tfx_updaters.components.study import arms
from tfx_updaters.components.study.arms import Arm
from tfx_updaters.components.study.checks import distinct, need, part, real, whole
from tfx_updaters.components.study.conditions import Condition
from tfx_updaters.components.study.tuning import Tuning
from tfx_updaters.components.trainer.config import TrainingConfig

IMAGE_CNN = "tfx_updaters.components.trainer.cnn.image"
WINDOW_CNN = "tfx_updaters.components.trainer.cnn.window"
# Words in the names of Keras' metrics that are the better the lower they are.
LOWER = ("loss", "error", "crossentropy", "divergence", "hinge", "poisson", "cosh")


@dataclasses.dataclass(frozen=True)
class Plan:
    """A study: what is compared on which conditions, and how it is judged.

    Attributes:
        arms: the first one is the reference that the others are compared to.
        conditions: of the training examples.
        seeds: trainings of each arm in each condition with its best rate. A seed is one split
            into examples to train on and to validate with, one set of initial weights and one
            order of batches, the same for all arms (X. Bouthillier et al. (2021) on what to vary).
        first_seed: tuning has this one and the next ones; the comparison has those that follow.
        metric: what arms are compared by, at the end of training on the test split: `loss`, or
            one of the training's metrics.
        target: a value of the metric on the validation split; the steps to it are counted.
        tuning: None takes each arm with its own rate.
        training: how long and how each model is trained; `epochs` is needed.
        model_fn: dotted name of the function that makes the model.
        model_args: its arguments.
        validation: share of the training examples that are kept for validation.
        confidence: level of all statements together.
    """

    arms: Sequence[Arm]
    conditions: Sequence[Condition] = (Condition(),)
    seeds: int = 10
    first_seed: int = 0
    metric: str = "accuracy"
    target: float | None = None
    tuning: Tuning | None = Tuning()
    training: TrainingConfig = TrainingConfig(epochs=10)
    model_fn: str = IMAGE_CNN
    model_args: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    validation: float = 0.2
    confidence: float = 0.95

    def __post_init__(self) -> None:
        """Checks that the study can answer its question.

        Raises:
            StudyError: what it cannot be.
        """
        for name in ("arms", "conditions"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        arms.check(self.arms, tuned=self.tuning is not None)
        need(bool(self.conditions), "conditions", [], "one or more")
        distinct("conditions", [str(condition) for condition in self.conditions])
        need(whole(self.first_seed, 0), "first_seed", self.first_seed, "0 or more")
        need(part(self.validation), "validation", self.validation, "above 0 and below 1")
        need(part(self.confidence), "confidence", self.confidence, "above 0 and below 1")
        target = self.target is None or (real(self.target) and math.isfinite(self.target))
        need(target, "target", self.target, "a number, or none")
        dotted = isinstance(self.model_fn, str) and "." in self.model_fn
        need(dotted, "model_fn", self.model_fn, "a dotted name, package.module.function,")
        self._check_seeds()
        self._check_training()

    def _check_seeds(self) -> None:
        need(whole(self.seeds, 1), "seeds", self.seeds, "2 or more")
        if self.seeds == 1:
            raise StudyError(
                "seeds: received 1; one training of each arm cannot tell a difference from luck: "
                f"2 or more are allowed, {self.seeds_needed} or more can show one, 10 are usual"
            )

    def _check_training(self) -> None:
        need(self.training.epochs is not None, "training.epochs", None, "1 or more")
        if self.training.early_stopping is not None:
            raise StudyError("training.early_stopping: none is allowed: all arms train as long")
        known = ("loss", *self.training.metrics)
        if self.metric not in known:
            near = difflib.get_close_matches(str(self.metric), known, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise StudyError(
                f"metric: received {self.metric!r}; {hint}the model reports {', '.join(known)}"
            )

    @property
    def reference(self) -> Arm:
        """What the other arms are compared to."""
        return self.arms[0]

    @property
    def comparisons(self) -> int:
        """How many statements hold together: each other arm in each condition."""
        return (len(self.arms) - 1) * len(self.conditions)

    @property
    def seeds_needed(self) -> int:
        """Below this number not even differences of one sign in all seeds show anything.

        By chance that happens once in 2^(seeds - 1) (R. A. Fisher (1935), the sign-flip test).
        """
        return 1 + math.ceil(math.log2(self.comparisons / (1 - self.confidence)))

    @property
    def higher_is_better(self) -> bool:
        """Whether a good model has a high metric."""
        return not any(word in self.metric for word in LOWER)

    @property
    def tuning_seeds(self) -> range:
        """Seeds that the rates are tuned with."""
        return range(self.first_seed, self.first_seed + (self.tuning.seeds if self.tuning else 0))

    @property
    def final_seeds(self) -> range:
        """Fresh seeds, that the arms are compared with."""
        return range(self.tuning_seeds.stop, self.tuning_seeds.stop + self.seeds)

    def pairs(self) -> Iterator[tuple[Condition, Arm]]:
        """Each arm in each condition."""
        return ((condition, arm) for condition in self.conditions for arm in self.arms)

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` takes back."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {
            **plain,
            "arms": [{"name": arm.name, "updater": arm.updater.document} for arm in self.arms],
            "conditions": [dataclasses.asdict(condition) for condition in self.conditions],
            "tuning": self.tuning and dataclasses.asdict(self.tuning),
            "training": self.training.to_json(),
            "model_args": dict(self.model_args),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Plan":
        """The plan that `to_json` wrote.

        Raises:
            StudyError, UpdaterError: it is none.
        """
        try:
            return cls(
                **{
                    **document,
                    "arms": [Arm(**arm) for arm in document["arms"]],
                    "conditions": [Condition(**each) for each in document["conditions"]],
                    "tuning": document["tuning"] and Tuning(**document["tuning"]),
                    "training": TrainingConfig.from_json(document["training"]),
                }
            )
        except (KeyError, TypeError) as error:
            raise StudyError(f"received no plan of a study: {error}") from error
