"""A run as one HTML page: the gate's decision first, then the training, then how to repeat it."""

import json
import shlex
from collections.abc import Sequence

from tfx_updaters import pipelines
from tfx_updaters.components import evaluator
from tfx_updaters.components.evaluator.page import shown
from tfx_updaters.components.examples.records import Records
from tfx_updaters.components.report.html import render
from tfx_updaters.components.report.table import Table
from tfx_updaters.components.study.origin import versions
from tfx_updaters.components.trainer import figures
from tfx_updaters.pipelines.outcome import Outcome
from tfx_updaters.pipelines.training import Training

TEMPLATE = "run_page.html"


def page(outcome: Outcome, training: Training, data: Records, words: Sequence[str]) -> str:
    """The page, well-formed as XML too; everything in it is escaped.

    Args:
        outcome: of the run.
        training: what it was asked for.
        data: what it was trained on and judged by.
        words: of the command line, after the program.
    """
    packages = [pipelines.__name__, evaluator.__name__]
    return render(
        packages, TEMPLATE,
        **shown(outcome.decision),
        metrics=_metrics(outcome),
        learning=figures.learning(outcome.run),
        dynamics=figures.dynamics(outcome.run),
        made=_made(outcome, training, data),
        updater=json.dumps(training.updater.to_json(), indent=1),
        command=shlex.join(["tfx-updaters", *words]),
    )  # fmt: skip


def _metrics(outcome: Outcome) -> Table:
    """Measured on each split after the last update."""
    names = sorted({name for metrics in outcome.metrics.values() for name in metrics})
    rows = [
        [split, *(f"{metrics[name]:.4f}" for name in names)]
        for split, metrics in outcome.metrics.items()
    ]
    return Table("After the last update", ["split", *names], rows)


def _made(outcome: Outcome, training: Training, data: Records) -> list[tuple[str, str]]:
    counts = ", ".join(f"{count} {split}" for split, count in data.counts.items())
    return [
        ("Updater", f"{training.updater.name}: {training.updater.describe()}"),
        (
            "Training",
            f"{training.steps} updates, batches of {training.batch_size}, seed {training.seed}",
        ),
        ("Data", f"{data.folder}: {counts} examples, {data.classes} classes"),
        ("Pushed", str(outcome.pushed) if outcome.pushed else "no"),
        *versions().items(),
    ]
