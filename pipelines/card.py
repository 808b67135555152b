"""The card that a run ends with: what was trained, how it was judged, and where it is."""

import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tfx_updaters.components.evaluator.check import Check
from tfx_updaters.components.evaluator.decision import Decision
from tfx_updaters.optimizers import UpdaterConfig
from tfx_updaters.pipelines.outcome import Outcome


def show(
    console: Console,
    updater: UpdaterConfig,
    outcome: Outcome,
    page: Path,
    data: Path,
    seconds: float,
) -> None:
    """Prints the card, then the command that uses the pushed model, on a line of its own."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("updater", escape(f"{updater.name}: {updater.describe()}"))
    for split in ("train", "eval"):
        metrics = outcome.metrics[split]
        grid.add_row(split, f"accuracy {metrics['accuracy']:.4f}, loss {metrics['loss']:.4f}")
    decision = outcome.decision
    grid.add_row("baseline", Text(decision.baseline or f"none: {'; '.join(decision.notes)}"))
    grid.add_row("gate", _verdict(decision))
    for check in decision.closest_first():
        grid.add_row(*_of(check))
    grid.add_row("page", Text(str(page)))
    grid.add_row("decision", Text(str(outcome.page)))
    grid.add_row("pushed", Text(str(outcome.pushed) if outcome.pushed else "no"))
    grid.add_row("took", f"{seconds:.1f} s")
    console.print(Panel(grid, title="tfx-updaters run", title_align="left"))
    if outcome.pushed:
        console.print("Predict with it:")
        command = shlex.join([_program(), "predict", str(outcome.pushed), "--data", str(data)])
        console.print(command, soft_wrap=True, markup=False)


def _program() -> str:
    """How to call this command: by its name where the shell finds it, else as it was called."""
    name, called = "tfx-updaters", sys.argv[0]
    found = shutil.which(name)
    if Path(called).name != name or (found and Path(found).samefile(called)):
        return name
    return called


def _verdict(decision: Decision) -> Text:
    if decision.blessed:
        return Text("blessed; the check with the least margin first:", style="green")
    return Text("\n".join(["refused", *(fault.sentence() for fault in decision.faults)]), "red")


def _of(check: Check) -> tuple[str, Text]:
    if not check.gated:
        return "  not gated", Text(check.sentence())
    return ("  passed", Text(check.sentence())) if check.passed else (
        "  failed", Text(check.sentence(), "red")
    )  # fmt: skip
