"""Conditions of a study: what is wrong with some of the examples that are trained on."""

import dataclasses
import difflib

from tfx_updaters.components.errors import StudyError

CLEAN, OUTLIERS, LABEL_NOISE = "clean", "outliers", "label_noise"
OURS = (CLEAN, OUTLIERS, LABEL_NOISE)


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
        if self.name not in OURS:
            self._check_corruption()
        number = isinstance(self.share, int | float) and not isinstance(self.share, bool)
        if not number or not (self.share == 0 if self.name == CLEAN else 0 < self.share <= 1):
            allowed = "0" if self.name == CLEAN else "a share above 0, up to 1,"
            raise StudyError(
                f"condition {self.name}: share: received {self.share!r}; {allowed} is allowed"
            )
        self._check_strength()

    def _check_corruption(self) -> None:
        # It brings SciPy, which is too slow for a usage error about anything else.
        from tfx_updaters.components.evaluator.corruptions import KINDS, Corruption

        names = (*OURS, *KINDS)
        if self.name not in names:
            near = difflib.get_close_matches(str(self.name), names, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise StudyError(f"condition: received {self.name!r}; {hint}{', '.join(names)} allowed")
        Corruption(self.name, "input", self.strength)

    def _check_strength(self) -> None:
        if self.strength is None or self.name not in OURS:
            return
        if self.name != OUTLIERS or not self.strength > 0:
            allowed = "a number above 0" if self.name == OUTLIERS else "none"
            raise StudyError(
                f"condition {self.name}: strength: received {self.strength!r}; {allowed} is allowed"
            )

    @classmethod
    def parsed(cls, text: str) -> "Condition":
        """The condition of `NAME`, `NAME=SHARE` or `NAME=SHARE:STRENGTH`.

        Raises:
            StudyError: the text is none of them.
        """
        name, _, how = text.partition("=")
        share, colon, strength = how.partition(":")
        try:
            return cls(name, float(share or 0), float(strength) if colon else None)
        except ValueError as error:
            if isinstance(error, StudyError):
                raise
            raise StudyError(
                f"condition: received {text!r}; NAME=SHARE or NAME=SHARE:STRENGTH is "
                "needed, as outliers=0.1 or outliers=0.1:20"
            ) from error

    def __str__(self) -> str:
        """The name, with the share in percent."""
        strength = "" if self.strength is None else f" of {self.strength:g}"
        return self.name if self.name == CLEAN else f"{self.name} {100 * self.share:g} %{strength}"
