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

from tfx_updaters.optimizers import UpdaterConfig
from tfx_updaters.pipelines.outcome import Outcome


def show(
    console: Console, updater: UpdaterConfig, outcome: Outcome, data: Path, seconds: float
) -> None:
    """Prints the card, then the command that uses the pushed model, on a line of its own."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("updater", escape(f"{updater.name}: {updater.describe()}"))
    for split in ("train", "eval"):
        metrics = outcome.metrics[split]
        grid.add_row(split, f"accuracy {metrics['accuracy']:.4f}, loss {metrics['loss']:.4f}")
    gap = outcome.metrics["train"]["accuracy"] - outcome.metrics["eval"]["accuracy"]
    grid.add_row("gap", f"{gap:+.4f} (accuracy on train minus accuracy on eval)")
    grid.add_row("baseline", Text(outcome.baseline or "none: no model was blessed before"))
    grid.add_row("gate", _verdict(outcome))
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


def _verdict(outcome: Outcome) -> Text:
    if outcome.blessed:
        return Text("blessed", style="green")
    return Text("\n".join(["not blessed", *outcome.reasons]), style="red")
