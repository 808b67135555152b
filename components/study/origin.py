"""Where the numbers of a study come from: what repeats them elsewhere."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

# What a trial's numbers depend on, besides the plan and the data.
PACKAGES = ("tfx-updaters", "keras", "tensorflow")


def versions() -> dict[str, str]:
    """Those of the packages that the numbers depend on."""
    return {package: version(package) for package in PACKAGES}


@dataclass(frozen=True)
class Origin:
    """Of a study that was run by these versions.

    Attributes:
        data: fingerprint of the examples.
        what: what they are, in words.
        words: the command that repeats it; empty where none did it.
    """

    data: str
    what: str
    words: Sequence[str] = ()

    @property
    def command(self) -> str:
        """The command for a shell."""
        return shlex.join(self.words)

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "data": self.data,
            "what": self.what,
            "command": self.command,
            "versions": versions(),
        }
