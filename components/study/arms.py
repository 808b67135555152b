"""The arms of a study: updaters with names."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from tfx_updaters.components.errors import StudyError
from tfx_updaters.components.study import checks, rates
from tfx_updaters.components.trainer.choice import Choice


@dataclasses.dataclass(frozen=True)
class Arm:
    """One updater of a study.

    Attributes:
        name: how the study calls it: letters, digits, `_`, `-` and dots.
        updater: a `Choice`, or all that `Choice.of` takes.
    """

    name: str
    updater: Any

    def __post_init__(self) -> None:
        """Checks the two.

        Raises:
            StudyError: the name cannot be that of a file.
            UpdaterError: the updater cannot be taken.
        """
        if not isinstance(self.name, str) or not re.fullmatch(r"\w[\w.-]*", self.name, re.ASCII):
            raise StudyError(
                f"arm: received the name {self.name!r}; letters, digits, _ - . allowed"
            )
        if not isinstance(self.updater, Choice):
            object.__setattr__(self, "updater", Choice.of(self.updater))


def check(arms: Sequence[Arm], *, tuned: bool) -> None:
    """Whether there is something to compare.

    Args:
        arms: the reference first.
        tuned: whether the learning rate is tuned, so that it makes no arm another one.

    Raises:
        StudyError: fewer than two, two of one name, or two that are the same chain.
    """
    if len(arms) < 2:
        raise StudyError(
            f"arms: received {', '.join(arm.name for arm in arms) or 'none'}; two or more are "
            "needed: the first is the reference"
        )
    checks.distinct("arms", [arm.name for arm in arms])
    chains: list[Any] = []
    for arm in arms:
        chain = rates.chain(arm.updater, tuned=tuned)
        if chain in chains:
            but = " but for the learning rate, which is tuned" if tuned else ""
            raise StudyError(
                f"arms: {arms[chains.index(chain)].name} and {arm.name} are the same chain{but}"
            )
        chains.append(chain)
