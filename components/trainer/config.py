"""How a model is trained, checked when the pipeline is built: a frozen dataclass, JSON outside."""

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

from tfx_updaters.components.errors import ArgumentError

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
RESIZES = ("none", "stretch", "pad", "crop")


@dataclasses.dataclass(frozen=True)
class EarlyStopping:
    """Stops when a metric has not improved for some epochs; Keras' `EarlyStopping`.

    Attributes:
        monitor: a metric as Keras reports it, of the eval split with `val_` in front.
        patience: epochs without improvement before training stops.
        min_delta: a change below this is no improvement.
        restore_best: whether the weights of the best epoch are put back.
    """

    monitor: str = "val_loss"
    patience: int = 5
    min_delta: float = 0.0
    restore_best: bool = True

    def __post_init__(self) -> None:
        """Checks the numbers."""
        _need(isinstance(self.monitor, str), "early_stopping.monitor", self.monitor, "a name")
        _need(_whole(self.patience, 1), "early_stopping.patience", self.patience, "1 or more")
        _need(_real(self.min_delta), "early_stopping.min_delta", self.min_delta, "0 or more")


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Random changes to a batch before it is trained on, the same for the same seed and step.

    Attributes:
        flip: mirror an image left to right, every second one.
        shift: move an image up to this many pixels along both axes, a window up to this many
            time steps; the edge values are repeated.
        noise: standard deviation of Gaussian noise added to every value.
        scale: each example is multiplied by a number in 1 - scale .. 1 + scale.
    """

    flip: bool = False
    shift: int = 0
    noise: float = 0.0
    scale: float = 0.0

    def __post_init__(self) -> None:
        """Checks the numbers."""
        _need(isinstance(self.flip, bool), "augmentation.flip", self.flip, "true or false")
        _need(_whole(self.shift, 0), "augmentation.shift", self.shift, "0 or more")
        _need(_real(self.noise), "augmentation.noise", self.noise, "0 or more")
        _need(_real(self.scale), "augmentation.scale", self.scale, "0 or more")


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How our own training goes.

    How long is either `epochs`, or the `num_steps` of TFX's `train_args`.

    Attributes:
        epochs: how often every example is seen.
        batch_size: examples in an update, on all devices and micro-batches together.
        seed: of the initial weights, the order of examples, the augmentation and dropout.
        label: the feature that is predicted.
        loss: a loss of Keras by name.
        metrics: metrics of Keras by name.
        class_weights: the weight of each class' examples in the loss, 1 where none is given.
        early_stopping: when to stop before the end.
        precision: Keras' dtype policy.
        accumulate: a batch is computed in this many micro-batches, for less memory.
        jit_compile: whether the step is compiled with XLA.
        sam_radius: trains with sharpness-aware minimization of this radius (rho).
        augmentation: random changes to the batches.
        resize: what is done to images of another size than the model's.
        checkpoint_steps: steps between checkpoints.
        checkpoint_minutes: minutes between checkpoints.
        checkpoint_dir: where checkpoints are; none is a folder with a name made of all that the
            training depends on, in the one that the environment variable
            `TFX_UPDATERS_CHECKPOINTS` names, else in the pipeline root beside the node's outputs.
        cache_gb: examples are kept in memory up to this many GiB, else read again every epoch.
        workers: processes of the node's machine that train together, each with its share of the
            batch, where a CPU is all there is. When one is killed all go on from the last
            checkpoint, which they save every epoch unless `checkpoint_steps` is given.
        deterministic: whether operations of GPUs that are fast but give other bits each time are
            kept out, so that equal seeds give equal weights; those of CPUs give the same.
    """

    epochs: int | None = None
    batch_size: int = 32
    seed: int = 0
    label: str = "label"
    loss: str = "sparse_categorical_crossentropy"
    metrics: tuple[str, ...] = ("accuracy",)
    class_weights: Mapping[int, float] | None = None
    early_stopping: EarlyStopping | None = None
    precision: str = "float32"
    accumulate: int = 1
    jit_compile: bool = False
    sam_radius: float | None = None
    augmentation: Augmentation | None = None
    resize: str = "none"
    checkpoint_steps: int | None = None
    checkpoint_minutes: float | None = 5.0
    checkpoint_dir: str | None = None
    cache_gb: float = 4.0
    workers: int = 1
    deterministic: bool = True

    def __post_init__(self) -> None:
        """Takes plain data for what is nested, and checks every value.

        Raises:
            ArgumentError: a value that is refused.
        """
        for name, kind in (("early_stopping", EarlyStopping), ("augmentation", Augmentation)):
            object.__setattr__(self, name, _nested(name, kind, getattr(self, name)))
        object.__setattr__(self, "metrics", tuple(self.metrics))
        object.__setattr__(self, "class_weights", _weights(self.class_weights))
        for name in ("epochs", "checkpoint_steps"):
            value = getattr(self, name)
            _need(value is None or _whole(value, 1), name, value, "1 or more, or none")
        for name in ("batch_size", "accumulate", "workers"):
            _need(_whole(getattr(self, name), 1), name, getattr(self, name), "1 or more")
        for name in ("label", "loss", "checkpoint_dir"):
            value = getattr(self, name)
            fits = isinstance(value, str) or (value is None and name == "checkpoint_dir")
            _need(fits, name, value, "a text")
        _need(_whole(self.seed, 0), "seed", self.seed, "0 or more")
        for name in ("checkpoint_minutes", "sam_radius"):
            value = getattr(self, name)
            fits = value is None or (_real(value) and value > 0)
            _need(fits, name, value, "a number above 0, or none")
        _need(_real(self.cache_gb), "cache_gb", self.cache_gb, "0 or more")
        _need(self.precision in PRECISIONS, "precision", self.precision, " or ".join(PRECISIONS))
        _need(self.resize in RESIZES, "resize", self.resize, " or ".join(RESIZES))
        _need(
            self.batch_size % self.accumulate == 0, "accumulate", self.accumulate,
            f"a divisor of the batch size {self.batch_size}",
        )  # fmt: skip

        _need(
            self.batch_size % self.workers == 0, "workers", self.workers,
            f"a divisor of the batch size {self.batch_size}",
        )  # fmt: skip
        _need(
            self.workers == 1 or self.accumulate == 1, "workers", self.workers,
            f"with accumulate={self.accumulate} only 1",
        )  # fmt: skip

    def check_length(self, steps: int | None) -> None:
        """Whether exactly one of `epochs` and the `num_steps` of `train_args` is given.

        Raises:
            ArgumentError: both are, or none.
        """
        if (steps is None) == (self.epochs is None):
            raise ArgumentError(
                f"epochs: received {self.epochs} beside {steps} steps in train_args; "
                "one of the two is needed"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` takes back."""
        plain = dataclasses.asdict(self)
        weights = self.class_weights
        named = {str(k): v for k, v in weights.items()} if weights is not None else None
        return {**plain, "metrics": list(self.metrics), "class_weights": named}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "TrainingConfig":
        """The configuration of a mapping; what it leaves out has its default.

        Raises:
            ArgumentError: an unknown name, with the nearest known one, or a value that is refused.
        """
        return _made("training", cls, document)


def _made(where: str, kind: Any, document: Any) -> Any:
    if not isinstance(document, Mapping):
        raise ArgumentError(f"{where}: received {document!r}; a mapping is needed")
    known = [field.name for field in dataclasses.fields(kind)]
    for name in document:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise ArgumentError(f"{where}: no '{name}'; {hint}it has {', '.join(known)}")
    return kind(**document)


def _nested(name: str, kind: Any, value: Any) -> Any:
    return value if value is None or isinstance(value, kind) else _made(name, kind, value)


def _weights(weights: Any) -> dict[int, float] | None:
    if weights is None:
        return None
    try:
        taken = {int(label): float(weight) for label, weight in weights.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise ArgumentError(f"class_weights: received {weights!r}; {{class: weight}}") from error
    for label, weight in taken.items():
        _need(label >= 0 and _real(weight), "class_weights", {label: weight}, "0 or more")
    return taken


def _whole(value: Any, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= low


def _real(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value < float("inf")


def _need(fits: bool, name: str, value: Any, allowed: str) -> None:
    if not fits:
        raise ArgumentError(f"{name}: received {value!r}; {allowed} is allowed")
