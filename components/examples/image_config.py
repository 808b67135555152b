"""How images become examples: what a user may choose, checked when the pipeline is built."""

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

from tfx_updaters.components.errors import ArgumentError

RESIZES = ("crop", "pad", "stretch")
ENCODINGS = ("png", "float")
CHANNELS = (1, 3)
LARGEST_SIDE = 16_384


@dataclasses.dataclass(frozen=True)
class ImageConfig:
    """What an example of an image holds, and what may be left out.

    Attributes:
        size: (height, width) in pixels of every example; none leaves each image as it is.
        resize: how an image of another shape gets there. `crop` scales it until it covers the
            size and cuts the middle out, `pad` scales it until it fits and fills up with black,
            `stretch` changes its proportions.
        channels: 1 (grey) or 3 (RGB); none is 1 where every image is grey, else 3.
        encoding: the feature `image`: `png`, the bytes of a file, grey of 16 bits where the image
            has them; or `float`, height x width x channels values of 0..255 in one list.
        labels: a CSV or JSONL file in the folder, with `file` (its path from there) and `label`;
            none takes the name of the folder that an image lies in.
        max_skipped: how many files may be left out because they cannot be read.
    """

    size: tuple[int, int] | None = None
    resize: str = "crop"
    channels: int | None = None
    encoding: str = "png"
    labels: str | None = None
    max_skipped: int = 0

    def __post_init__(self) -> None:
        """Checks every value; a list of JSON becomes a tuple."""
        if isinstance(self.size, list):
            object.__setattr__(self, "size", tuple(self.size))
        if self.size is not None and not _is_size(self.size):
            raise ArgumentError(
                f"size: received {self.size!r}; (height, width) of 1..{LARGEST_SIDE} is needed"
            )
        _one_of("resize", self.resize, RESIZES)
        _one_of("encoding", self.encoding, ENCODINGS)
        if self.channels is not None:
            _one_of("channels", self.channels, CHANNELS)
        if not _whole(self.max_skipped, 0):
            raise ArgumentError(f"max_skipped: received {self.max_skipped!r}; 0 or more is allowed")
        if self.labels is not None:
            _check_labels(self.labels)

    def to_json(self) -> dict[str, Any]:
        """The values by name."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ImageConfig":
        """The config of `to_json`.

        Raises:
            ArgumentError: a name or a value that cannot be taken.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            _one_of("images", name, names)
        return cls(**values)


def _is_size(size: Any) -> bool:
    return (
        isinstance(size, tuple)
        and len(size) == 2
        and all(_whole(side, 1) and side <= LARGEST_SIDE for side in size)
    )


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _one_of(name: str, value: Any, allowed: Any) -> None:
    if value in allowed and not isinstance(value, bool):
        return
    near = difflib.get_close_matches(str(value), map(str, allowed), 1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise ArgumentError(
        f"{name}: received {value!r}; {hint}allowed are {', '.join(map(str, allowed))}"
    )


def _check_labels(labels: Any) -> None:
    """The file has to lie among the images, where TFX's driver notices its changes."""
    parts = labels.split("/") if isinstance(labels, str) else [".."]
    if labels == "" or labels.startswith("/") or ".." in parts or "://" in labels:
        raise ArgumentError(
            f"labels: received {labels!r}; the path of a file inside of the folder of images is "
            "needed, as 'labels.csv'"
        )
    if not labels.lower().endswith((".csv", ".jsonl")):
        raise ArgumentError(f"labels: received {labels!r}; a .csv or .jsonl file is needed")
