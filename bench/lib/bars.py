"""What a benchmark measured, beside what it may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A measured value and what it may be at most; without a goal it is for comparison."""

    name: str
    value: float
    goal: float | None
    note: object = ""

    @property
    def short(self) -> bool:
        """Whether the goal is missed."""
        return self.goal is not None and not self.value <= self.goal

    def __str__(self) -> str:
        state = "short" if self.short else "ok"
        value = f"{self.value:7.2f}" if isinstance(self.value, float) else f"{self.value:7d}"
        if self.goal is None:
            return f"{self.name:<44} {value}  for comparison"
        goal = f"{self.goal:.2f}" if isinstance(self.goal, float) else self.goal
        return f"{self.name:<44} {value}  goal <= {goal:<6}  {state}"
