"""How the learning rate of each arm is tuned: the same log grid for all, around its own rate."""

import dataclasses

from tfx_updaters.components.study.checks import need, real, whole


@dataclasses.dataclass(frozen=True)
class Tuning:
    """How the learning rate of each arm is found, on a validation split and seeds of its own.

    Each arm gets the same log grid around its own rate. While its best rate lies at an end, the
    grid is extended by one there.

    Attributes:
        rates: in the grid at first, an odd number: its own is in the middle.
        factor: between two rates.
        seeds: for each rate.
        extensions: at most, for each arm and condition.
    """

    rates: int = 5
    factor: float = 10**0.5
    seeds: int = 2
    extensions: int = 3

    def __post_init__(self) -> None:
        """Checks the numbers."""
        odd = whole(self.rates, 3) and self.rates % 2 == 1
        need(odd, "tuning.rates", self.rates, "an odd number, 3 or more")
        need(real(self.factor) and self.factor > 1, "tuning.factor", self.factor, "above 1")
        need(whole(self.seeds, 1), "tuning.seeds", self.seeds, "1 or more")
        need(whole(self.extensions, 0), "tuning.extensions", self.extensions, "0 or more")

    def grid(self) -> list[int]:
        """The places in the grid; 0 is the arm's own rate, 1 the next higher one."""
        return list(range(-(self.rates // 2), self.rates // 2 + 1))
