"""Where an updater is at work: for which model, in the place of which optimizer, how many steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from tfx_updaters.components.trainer.choice import in_a_line

# Arguments of the replaced optimizer that are about batches and precision: the updater has them.
KEPT = ("gradient_accumulation_steps", "loss_scale_factor")
# Those that are updates: they go with it.
GONE = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema")


@dataclass(frozen=True)
class Use:
    """One updater at work.

    Attributes:
        model: name of the model; None where the user's own loop applies gradients.
        optimizer: class of the replaced optimizer; None if there was none, or the updater itself.
        config: of the replaced optimizer.
        kept: its arguments that the updater took over.
        calls: Keras' counter of batches. It outlives the updater, whose memory is not held.
        batches: how many make a step.
    """

    model: str | None
    optimizer: str | None
    config: Mapping[str, Any]
    kept: Mapping[str, Any]
    calls: keras.Variable
    batches: int

    @classmethod
    def of(cls, updater: Any, model: str | None, replaced: Any = None) -> "Use":
        """An updater that starts to work, and the optimizer that it replaces."""
        return cls(
            model=model,
            optimizer=type(replaced).__name__ if replaced is not None else None,
            config=replaced.get_config() if replaced is not None else {},
            kept=kept(replaced),
            calls=updater._iterations,
            batches=updater.gradient_accumulation_steps or 1,
        )

    @property
    def steps(self) -> int:
        """Number of updates so far."""
        calls: Any = keras.ops.convert_to_numpy(self.calls)
        return int(calls) // self.batches

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the Model artifact."""
        names = ("model", "optimizer", "config", "kept")
        return {**{name: getattr(self, name) for name in names}, "steps": self.steps}

    def __str__(self) -> str:
        """The replaced optimizer, and what becomes of its arguments."""
        gone = {name: self.config.get(name) for name in GONE if self.config.get(name)}
        parts = [
            in_a_line(self.optimizer, self.config) if self.optimizer else "none",
            *(f"{name}={value} is kept" for name, value in self.kept.items()),
            *(f"{name}={value} goes with it" for name, value in gone.items()),
        ]
        return "; ".join(parts)


def kept(replaced: Any) -> dict[str, Any]:
    """The arguments of an optimizer that an updater in its place is made with."""
    values = {name: getattr(replaced, name, None) for name in KEPT}
    return {name: value for name, value in values.items() if value}
