"""The curves of a training by epoch, as Keras' TensorBoard callback wrote them."""

import os
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import TENSORS, EventAccumulator
from tensorboard.util import tensor_util

PREFIX = "epoch_"
# The callback's names of what was trained on, and of what was evaluated after each epoch.
SPLITS = {"train": "train", "validation": "eval"}

Curve = list[tuple[int, float]]


def read_epochs(folder: str | os.PathLike) -> dict[str, dict[str, Curve]]:
    """What a training's event files have of each epoch.

    Args:
        folder: of the training, `model_run` of our Trainer.

    Returns:
        by metric, by split (`train`, `eval`), the number of the epoch, from 1 on, and the value.
        Empty without event files; a training that went on after a kill has the epochs since then.
    """
    found: dict[str, dict[str, Curve]] = {}
    for name, split in SPLITS.items():
        if not (Path(folder) / name).is_dir():
            continue
        events = EventAccumulator(str(Path(folder) / name), size_guidance={TENSORS: 0})
        events.Reload()
        for tag in events.Tags()[TENSORS]:
            if tag.startswith(PREFIX):
                found.setdefault(tag.removeprefix(PREFIX), {})[split] = _curve(events, tag)
    return found


def _curve(events: EventAccumulator, tag: str) -> Curve:
    return [
        (event.step + 1, float(tensor_util.make_ndarray(event.tensor_proto)))
        for event in events.Tensors(tag)
    ]
