"""The live view of a run: a line for each node as it starts and ends, a bar while it trains."""

import logging
import time
from typing import Protocol

import absl.logging
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

# What TFX's LocalDagRunner and Launcher log (1.21); the arguments are the node id.
STARTED = "Component %s is running."
FINISHED = "Component %s is finished."
CACHED = "A cached execution %d is used."
TRAINING_LOGGER = "tfx_updaters.training"
# How the states of Kubeflow's tasks are called here; the others by their own names.
DONE, FROM_CACHE, FAILED = "done", "cached", "failed"
STATES = {"SUCCEEDED": DONE, "CACHED": FROM_CACHE}
STYLES = {DONE: "green", FROM_CACHE: "cyan", FAILED: "red"}


class Task(Protocol):
    """A task of Kubeflow, of a run here or on a cluster."""

    @property
    def name(self) -> str:
        """Of the task."""
        ...

    @property
    def state(self) -> str:
        """As Kubeflow calls it."""
        ...

    @property
    def seconds(self) -> float:
        """From its start to its end."""
        ...


class Lines:
    """A line for each node as it starts, and one as it ends."""

    def __init__(self, console: Console):
        self.console = console

    def started(self, node: str) -> None:
        """Says that a node runs."""
        self.console.print(f"  {escape(node):<32} started")

    def ended(self, node: str, how: str, seconds: float) -> None:
        """Says how a node ended, and how long it took."""
        style = STYLES.get(how, "dim")
        self.console.print(f"  {escape(node):<32} [{style}]{how:<7}[/] {seconds:6.1f} s")

    def task(self, task: Task) -> None:
        """Says how far a task of Kubeflow is; one that waits has no line yet."""
        if task.state == "RUNNING":
            self.started(task.name)
        elif task.state != "PENDING":
            self.ended(task.name, STATES.get(task.state, task.state.lower()), task.seconds)


class LiveView(logging.Handler):
    """Listens to TFX's own log records and to our Trainer's epochs, and prints to the console.

    Attributes:
        node: id of the node that runs, or ran last.
        seconds: how long each finished node took.
        interrupted: whether Ctrl-C was pressed.
    """

    def __init__(self, console: Console):
        super().__init__(logging.INFO)
        self.console = console
        self.node: str | None = None
        self.seconds: dict[str, float] = {}
        self.interrupted = False
        self._lines = Lines(console)
        self._began = 0.0
        self._cached = False
        self._progress: Progress | None = None

    def __enter__(self) -> "LiveView":
        # TensorFlow's export sets absl's verbosity back to what it was: the default hides TFX.
        absl.logging.set_verbosity(absl.logging.INFO)
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_) -> None:
        self._stop_bar()
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Handles the few records that matter here."""
        if record.msg == STARTED:
            self._start(_node(record))
        elif record.msg == FINISHED:
            self._finish(_node(record))
        elif record.msg == CACHED:
            self._cached = True
        elif record.name == TRAINING_LOGGER and hasattr(record, "epoch"):
            self._epoch(record.epoch, record.epochs, record.metrics)

    def _check(self) -> None:
        """Python drops an interrupt that arrives while it runs a finalizer: it comes again here."""
        if self.interrupted:
            raise KeyboardInterrupt

    def _start(self, node: str) -> None:
        self._check()
        self.node, self._began, self._cached = node, time.monotonic(), False
        self._lines.started(node)

    def _finish(self, node: str) -> None:
        self._stop_bar()
        self.seconds[node] = time.monotonic() - self._began
        self._lines.ended(node, FROM_CACHE if self._cached else DONE, self.seconds[node])

    def _epoch(self, epoch: int, epochs: int, metrics: dict[str, float]) -> None:
        text = (
            f"loss {metrics.get('loss', float('nan')):.3f}, accuracy "
            f"{metrics.get('accuracy', float('nan')):.3f}, "
            f"on eval {metrics.get('val_accuracy', float('nan')):.3f}"
        )
        self._check()
        if not self.console.is_interactive:
            self.console.print(f"    epoch {epoch:>3} of {epochs}: {text}")
            return
        if self._progress is None:
            self._progress = Progress(
                TextColumn("    epoch"), MofNCompleteColumn(), BarColumn(20),
                TextColumn("{task.description}"), console=self.console, transient=True,
            )  # fmt: skip
            self._progress.start()
            self._progress.add_task("", total=epochs)
        self._progress.update(self._progress.task_ids[0], completed=epoch, total=epochs,
                              description=text)  # fmt: skip

    def _stop_bar(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _node(record: logging.LogRecord) -> str:
    return str(record.args[0]) if isinstance(record.args, tuple) else ""
