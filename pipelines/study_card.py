"""How a study shows on the terminal: its progress, then the verdicts and the numbers."""

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from tfx_updaters.components.study.files import PAGE, RESULT
from tfx_updaters.components.study.outcome import FACTORS, Outcome, Place
from tfx_updaters.components.study.runner import Progress
from tfx_updaters.components.study.summary import Summary
from tfx_updaters.components.study.verdict import BETTER, WORSE

COLOURS = {BETTER: "green", WORSE: "red"}
# Lines about the progress where there is no terminal that shows a bar.
LINES = 10


@contextlib.contextmanager
def progress(console: Console) -> Iterator[Callable[[Progress], None]]:
    """Gives what shows the progress: a bar, or where there is no terminal a line now and then."""
    if not console.is_interactive:
        yield _Lines(console)
        return
    bar = Bar(
        MofNCompleteColumn(), TextColumn("trials"), BarColumn(20),
        TextColumn("{task.description}", markup=False), console=console, transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("", total=None)
        yield lambda now: bar.update(
            task, completed=now.done, total=now.total, description=_running(now)
        )


class _Lines:
    """A line for each tenth of the trials, as it begins."""

    def __init__(self, console: Console):
        self._console = console
        self._last = -1

    def __call__(self, now: Progress) -> None:
        part = LINES * now.done // max(now.total, 1)
        if part != self._last and now.running:
            self._last = part
            self._console.print(
                f"  {now.done} of {now.total} trials, {_running(now)}", markup=False
            )


def _running(now: Progress) -> str:
    if now.running is None:
        return ""
    trial = now.running
    parts = [f"{trial.arm.name}, {trial.condition}, seed {trial.seed}"]
    if math.isfinite(now.left):
        parts.append(f"{_duration(now.left)} left")
    if now.leader:
        parts.append(f"{now.leader} leads")
    return "; ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def show(console: Console, outcome: Outcome, folder: Path, seconds: float) -> None:
    """Prints the verdicts, then a table for each condition, what to know, and where it all is."""
    for verdict in outcome.verdicts:
        console.print(Text(verdict.sentence(), COLOURS.get(verdict.call, "")))
    for note in outcome.notes:
        console.print(Text(f"Note: {note}", "yellow"))
    plan = outcome.plan
    for condition in map(str, plan.conditions):
        console.print(f"\n{condition}: {plan.metric} on test, {plan.seeds} seeds", markup=False)
        console.print(_table(outcome, condition))
    if outcome.profiles:
        console.print(
            "\nShare of the trainings that reach the target within so many times the steps of the "
            "fastest:"
        )
        console.print(_profiles(outcome))
    console.print()
    for what, name in (("Report", PAGE), ("Numbers", RESULT)):
        console.print(f"{what}: {folder / name}", soft_wrap=True, markup=False)
    console.print(f"Took {_duration(seconds)}.")


def _table(outcome: Outcome, condition: str) -> Table:
    table = _plain_table()
    reached = ["steps to target"] if outcome.plan.target is not None else []
    for name in ("rate", "final", "+-", "best", "gap", "diverged", "sensitivity", *reached):
        table.add_column(name, justify="right")
    for arm in outcome.plan.arms:
        table.add_row(arm.name, *_row(outcome, (condition, arm.name)))
    return table


def _plain_table() -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("updater", overflow="fold")
    return table


def _row(outcome: Outcome, place: Place) -> list[str]:
    found, sums = outcome.rates[place], outcome.summaries[place]
    cells = [
        outcome.rate(place),
        f"{sums.final.mean:.4f}",
        f"{sums.final.deviation:.4f}",
        f"{sums.best.mean:.4f}",
        f"{sums.gap.mean:+.4f}",
        f"{sums.diverged}/{sums.trainings - sums.failed}",
        f"{found.sensitivity:.4f}",
    ]
    # What is not known has no number.
    known = ["-" if cell.lstrip("+") == "nan" else cell for cell in cells]
    return [*known, *([_steps(sums)] if sums.reached else [])]


def _steps(sums: Summary) -> str:
    if sums.reached is None or math.isinf(sums.reached.median_steps):
        return "missed"
    missed = f", {sums.reached.missed} missed" if sums.reached.missed else ""
    return f"{sums.reached.median_steps:g}{missed}"


def _profiles(outcome: Outcome) -> Table:
    table = _plain_table()
    for factor in FACTORS:
        table.add_column(f"{factor:g}", justify="right")
    for arm, shares in outcome.profiles.items():
        table.add_row(arm, *(f"{share:.2f}" for share in shares))
    return table
