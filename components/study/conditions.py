"""Conditions of a study: what is wrong with some of the examples that are trained on."""

import dataclasses
import difflib
from collections.abc import Mapping

import numpy as np

from tfx_updaters.components.errors import StudyError
from tfx_updaters.components.evaluator.corruptions import KINDS, Corruption

CLEAN, OUTLIERS, LABEL_NOISE = "clean", "outliers", "label_noise"
NAMES = (CLEAN, OUTLIERS, LABEL_NOISE, *KINDS)
# Share of an outlier's values that are moved, and by how many standard deviations of the data.
MOVED, FAR = 0.05, 10.0


@dataclasses.dataclass(frozen=True)
class Condition:
    """What happens to a share of the training examples; those that judge a model stay clean.

    - `clean`: nothing.
    - `outliers`: 5 % of an example's values are moved, up or down, by `strength` (10) standard
      deviations of all values of that input.
    - `label_noise`: the label is one of the other classes, each as likely.
    - a name of `Corruption`, as `noise` or `spikes`: the input is corrupted, with its strength.

    Attributes:
        name: one of these.
        share: of the training examples that it happens to, 0 to 1; `clean` has none.
        strength: how much; the name's default if None.
    """

    name: str = CLEAN
    share: float = 0.0
    strength: float | None = None

    def __post_init__(self) -> None:
        """Checks the three.

        Raises:
            StudyError: an unknown name, with the nearest known one, or a value not allowed.
        """
        if self.name not in NAMES:
            near = difflib.get_close_matches(str(self.name), NAMES, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise StudyError(f"condition: received {self.name!r}; {hint}{', '.join(NAMES)} allowed")
        number = isinstance(self.share, int | float) and not isinstance(self.share, bool)
        if not number or not (self.share == 0 if self.name == CLEAN else 0 < self.share <= 1):
            allowed = "0" if self.name == CLEAN else "a share above 0, up to 1,"
            raise StudyError(
                f"condition {self.name}: share: received {self.share!r}; {allowed} is allowed"
            )
        self._check_strength()

    def _check_strength(self) -> None:
        if self.name in KINDS:
            Corruption(self.name, "input", self.strength)
        elif self.strength is not None and (self.name != OUTLIERS or not self.strength > 0):
            allowed = "a number above 0" if self.name == OUTLIERS else "none"
            raise StudyError(
                f"condition {self.name}: strength: received {self.strength!r}; {allowed} is allowed"
            )

    @classmethod
    def parsed(cls, text: str) -> "Condition":
        """The condition of `NAME` or `NAME=SHARE`.

        Raises:
            StudyError: the text is neither.
        """
        name, _, share = text.partition("=")
        try:
            return cls(name, float(share or 0))
        except ValueError as error:
            if isinstance(error, StudyError):
                raise
            raise StudyError(
                f"condition: received {text!r}; NAME=SHARE is needed, as outliers=0.1"
            ) from error

    def __str__(self) -> str:
        """The name, with the share in percent."""
        strength = "" if self.strength is None else f" of {self.strength:g}"
        return self.name if self.name == CLEAN else f"{self.name} {100 * self.share:g} %{strength}"

    def of(
        self, arrays: Mapping[str, np.ndarray], label: str, classes: int, seed: int
    ) -> dict[str, np.ndarray]:
        """Training examples under the condition; the same for the same seed.

        Args:
            arrays: examples x shape, by feature.
            label: which of them holds the classes.
            classes: how many there are.
            seed: which examples are changed, and how.

        Raises:
            ComponentError: a corruption that does not fit an input's shape or range.
        """
        changed = {name: np.array(values) for name, values in arrays.items()}
        count = len(changed[label])
        random = np.random.default_rng(seed)
        chosen = random.permutation(count)[: round(self.share * count)]
        if self.name == LABEL_NOISE:
            other = random.integers(1, classes, len(chosen))
            changed[label][chosen] = (changed[label][chosen] + other) % classes
        for name in sorted(changed.keys() - {label}) if len(chosen) else ():
            values = changed[name]
            if self.name == OUTLIERS:
                changed[name] = _with_outliers(values, chosen, self.strength or FAR, random)
            elif self.name in KINDS:
                values[chosen] = self._corruption(name, values, seed).of(values[chosen])
        return changed

    def _corruption(self, name: str, values: np.ndarray, seed: int) -> Corruption:
        bounds = [float(values.min()), float(values.max())]
        of_images = Corruption(self.name, name).of_images
        return Corruption(
            self.name, name, self.strength, shape=values.shape[1:],
            range=bounds if of_images else None, seed=seed,
        )  # fmt: skip


def _with_outliers(
    values: np.ndarray, chosen: np.ndarray, far: float, random: np.random.Generator
) -> np.ndarray:
    """Float values, as a whole number may have no room for an outlier."""
    moved = values.astype(np.float32)
    flat = moved.reshape(len(moved), -1)
    places = random.random((len(chosen), flat.shape[1]))
    # The least few of each row, so that each outlier has as many, and one at least.
    most = np.sort(places, axis=1)[:, max(1, round(MOVED * flat.shape[1])) - 1, None]
    signs = random.choice([-1.0, 1.0], places.shape)
    flat[chosen] += np.where(places <= most, signs * far * float(values.std()), 0.0)
    return moved
