"""Corruptions of images and of windows of a signal, by name, as an example itself seeds them."""

import difflib
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from tfx_updaters.components.content import hashes
from tfx_updaters.components.errors import ArgumentError, DataError

# Share of a window's points that are spikes.
SPIKED = 0.05

Random = Sequence[np.random.Generator]


@dataclass(frozen=True)
class Corruption:
    """What happens to a feature of every example, always the same to the same values.

    The random numbers of an example come from its own values and the seed, by a counter-based
    generator (J. K. Salmon et al. (2011), Philox), so that batches, their order and the machine
    make no difference. The names, what their strength means, and its default:

    Images, after D. Hendrycks and T. Dietterich (2019) but for `occlusion`, which is the cutout of
    T. DeVries and G. W. Taylor (2017); the result stays in the range:
    - `noise` (0.1): standard deviation of normal noise, as a share of the range.
    - `blur` (1): standard deviation of a Gaussian filter, in pixels.
    - `contrast` (0.5): share of each pixel's distance from the image's mean that is lost.
    - `occlusion` (0.1): share of the area that a box covers, in the middle of the range.
    - `shift` (0.1): share of height and of width that the image moves by, up or down and to a
      side; its edge is repeated.

    Windows, whose standard deviation is each example's and channel's own:
    - `spikes` (5): height in standard deviations, up or down, of 5 % of the points.
    - `dropouts` (0.25): share of the time that the sensor is silent, once: its last values stay.
    - `drift` (2): standard deviations that a straight line, up or down, adds until the end.
    - `scaling` (0.5): the signal is multiplied by 1 + strength, or divided by it.

    Attributes:
        name: one of these.
        feature: that is corrupted.
        strength: 0 changes nothing; the name's default if None.
        shape: of an example: height x width[ x channels], or time[ x channels]. Encoded images
            need none, and without one a window is all values in time, of one channel.
        range: lowest and highest value. By default 0 to 255 for images of whole numbers and 0 to
            1 for others; windows are not bounded unless it is given.
        seed: 0 to 2^32 - 1.

    Raises:
        ArgumentError: an unknown name, or a value that is not allowed.
    """

    name: str
    feature: str
    strength: float | None = None
    shape: Sequence[int] | None = None
    range: Sequence[float] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for field in ("shape", "range"):
            given = getattr(self, field)
            object.__setattr__(self, field, tuple(given) if isinstance(given, list) else given)
        if not isinstance(self.name, str) or self.name not in KINDS:
            near = difflib.get_close_matches(str(self.name), KINDS, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ArgumentError(
                f"received corruption {self.name!r}{hint}; {', '.join(KINDS)} are allowed"
            )
        kind = KINDS[self.name]
        if self.strength is None:
            object.__setattr__(self, "strength", kind.strength)
        dimensions = " or ".join(map(str, kind.dimensions))
        for field, right, allowed in (
            ("feature", _is_name(self.feature), "the name of a feature"),
            ("strength", _is_strength(self.strength, kind.most), f"0 to {kind.most:g}"),
            ("shape", _is_shape(self.shape, kind.dimensions), f"None or {dimensions} sizes"),
            ("range", _is_range(self.range), "None or two finite numbers, the lower one first,"),
            ("seed", _is_seed(self.seed), "a whole number from 0 to 2^32 - 1"),
        ):
            if not right:
                given = getattr(self, field)
                raise ArgumentError(
                    f"{self.name}: {field}: received {given!r}; {allowed} is allowed"
                )

    def __str__(self) -> str:
        shape = f" {'x'.join(map(str, self.shape))}" if self.shape else ""
        inside = " in {}..{}".format(*self.range) if self.range else ""
        seed = f" seed {self.seed}" if self.seed else ""
        return f"{self.name} {self.strength} of {self.feature}{shape}{inside}{seed}"

    @property
    def of_images(self) -> bool:
        """Whether it is of images, which may be encoded."""
        return 3 in KINDS[self.name].dimensions

    def of(self, values: np.ndarray) -> np.ndarray:
        """Corrupted values, of the same shape and type.

        Args:
            values: examples x height x width[ x channels], or examples x time[ x channels].

        Raises:
            DataError: an image has values outside of its range, or that are no numbers.
        """
        if not self.strength or not values.size:
            return values
        bounds = self._range(values) if self.of_images else self.range
        low, high = bounds if bounds and self.of_images else (0, 1)
        whole = values.reshape(*values.shape, 1) if self._is_flat(values) else values
        scaled = (whole.astype(float) - low) / (high - low)
        corrupted = KINDS[self.name].of(scaled, self.strength, self._random(values))
        found = (corrupted * (high - low) + low).reshape(values.shape)
        found = np.clip(found, bounds[0], bounds[1]) if bounds else found
        return (np.rint(found) if values.dtype.kind in "iu" else found).astype(values.dtype)

    def _is_flat(self, values: np.ndarray) -> bool:
        return values.ndim == min(KINDS[self.name].dimensions) + 1

    def _range(self, images: np.ndarray) -> Sequence[float]:
        low, high = self.range or ((0, 255) if images.dtype.kind in "iu" else (0, 1))
        if not (images.min() >= low and images.max() <= high):
            raise DataError(
                f"{self.feature!r} has values outside of the range {low:g} to {high:g} that "
                f"{self.name} needs; say another with range"
            )
        return low, high

    def _random(self, values: np.ndarray) -> Random:
        stream = zlib.crc32(self.name.encode()) + (self.seed << 32)
        return [
            np.random.Generator(np.random.Philox(key=np.asarray([number, stream], np.uint64)))
            for number in hashes({self.feature: values}, len(values))
        ]


# Images are examples x height x width x channels, from 0 to 1.


def _noise(images: np.ndarray, strength: float, random: Random) -> np.ndarray:
    return images + strength * np.stack([each.standard_normal(images.shape[1:]) for each in random])


def _blur(images: np.ndarray, strength: float, random: Random) -> np.ndarray:
    return ndimage.gaussian_filter(images, (0, strength, strength, 0), mode="nearest")


def _contrast(images: np.ndarray, strength: float, random: Random) -> np.ndarray:
    mean = images.mean(axis=(1, 2), keepdims=True)
    return mean + (1 - strength) * (images - mean)


def _occlusion(images: np.ndarray, strength: float, random: Random) -> np.ndarray:
    covered = []
    for size in images.shape[1:3]:
        side = _at_least_one(math.sqrt(strength) * size)
        first = np.asarray([each.integers(size - side + 1) for each in random])[:, None]
        place = np.arange(size)
        covered.append((place >= first) & (place < first + side))
    box = covered[0][:, :, None, None] & covered[1][:, None, :, None]
    return np.where(box, 0.5, images)


def _shift(images: np.ndarray, strength: float, random: Random) -> np.ndarray:
    places = []
    for size in images.shape[1:3]:
        moved = _at_least_one(strength * size) * _signs(random)[:, None]
        places.append(np.clip(np.arange(size) - moved, 0, size - 1).astype(int))
    example = np.arange(len(images))[:, None, None]
    return images[example, places[0][:, :, None], places[1][:, None, :]]


# Windows are examples x time x channels.


def _spikes(windows: np.ndarray, strength: float, random: Random) -> np.ndarray:
    _, time, channels = windows.shape
    order = np.stack([each.random((time, channels)) for each in random]).argsort(axis=1)
    spiked = order < math.ceil(SPIKED * time)
    return windows + spiked * _signs(random, (time, channels)) * strength * _deviation(windows)


def _dropouts(windows: np.ndarray, strength: float, random: Random) -> np.ndarray:
    time = windows.shape[1]
    gap = min(_at_least_one(strength * time), time - 1)
    first = np.asarray([each.integers(1, time - gap + 1) for each in random])[:, None]
    place = np.arange(time)
    source = np.where((place >= first) & (place < first + gap), first - 1, place)
    return np.take_along_axis(windows, source[:, :, None], axis=1)


def _drift(windows: np.ndarray, strength: float, random: Random) -> np.ndarray:
    line = np.linspace(0, 1, windows.shape[1])[None, :, None]
    ends = _signs(random, windows.shape[2:])[:, None, :] * strength * _deviation(windows)
    return windows + line * ends


def _scaling(windows: np.ndarray, strength: float, random: Random) -> np.ndarray:
    return windows * (1 + strength) ** _signs(random)[:, None, None]


def _signs(random: Random, shape: Sequence[int] = ()) -> np.ndarray:
    return np.stack([each.integers(2, size=shape) for each in random]) * 2.0 - 1


def _deviation(windows: np.ndarray) -> np.ndarray:
    return windows.std(axis=1, keepdims=True)


def _at_least_one(size: float) -> int:
    return max(1, round(size))


@dataclass(frozen=True)
class _Kind:
    of: Callable[[np.ndarray, float, Random], np.ndarray]
    strength: float
    most: float
    dimensions: tuple[int, int]


IMAGE, WINDOW = (2, 3), (1, 2)
KINDS: dict[str, _Kind] = {
    "noise": _Kind(_noise, 0.1, math.inf, IMAGE),
    "blur": _Kind(_blur, 1.0, math.inf, IMAGE),
    "contrast": _Kind(_contrast, 0.5, 1, IMAGE),
    "occlusion": _Kind(_occlusion, 0.1, 1, IMAGE),
    "shift": _Kind(_shift, 0.1, 1, IMAGE),
    "spikes": _Kind(_spikes, 5.0, math.inf, WINDOW),
    "dropouts": _Kind(_dropouts, 0.25, 1, WINDOW),
    "drift": _Kind(_drift, 2.0, math.inf, WINDOW),
    "scaling": _Kind(_scaling, 0.5, math.inf, WINDOW),
}


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_seed(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 32


def _is_strength(value: object, most: float) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= most


def _is_shape(shape: object, dimensions: tuple[int, int]) -> bool:
    if shape is None:
        return True
    sizes = shape if isinstance(shape, tuple) else ()
    return len(sizes) in dimensions and all(type(size) is int and size > 0 for size in sizes)


def _is_range(bounds: object) -> bool:
    if bounds is None:
        return True
    pair = bounds if isinstance(bounds, tuple) else ()
    numbers = all(isinstance(bound, int | float) for bound in pair)
    return len(pair) == 2 and numbers and -math.inf < pair[0] < pair[1] < math.inf
