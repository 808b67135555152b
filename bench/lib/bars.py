"""What a benchmark measured, beside what it may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A measured value, what it may be at most and at least; without both it is for comparison."""

    name: str
    value: float
    goal: float | None
    least: float | None = None

    @property
    def short(self) -> bool:
        """Whether a goal is missed."""
        above = self.goal is not None and not self.value <= self.goal
        return above or (self.least is not None and not self.value >= self.least)

    def __str__(self) -> str:
        state = "short" if self.short else "ok"
        digits = ".3f" if self.least is not None else ".2f"
        value = f"{self.value:7{digits}}" if isinstance(self.value, float) else f"{self.value:7d}"
        goals = ((">=", self.least), ("<=", self.goal))
        given = [
            f"{sign} {goal:.2f}" if isinstance(goal, float) else f"{sign} {goal}"
            for sign, goal in goals
            if goal is not None
        ]
        if not given:
            return f"{self.name:<44} {value}  for comparison"
        return f"{self.name:<44} {value}  goal {', '.join(given):<9}  {state}"
