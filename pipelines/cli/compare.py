"""`tfx-updaters compare`: several updaters on the same data over several seeds, and a verdict."""

import dataclasses
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfx_updaters.components.errors import ComponentError
from tfx_updaters.components.examples import records
from tfx_updaters.components.examples.records import Records
from tfx_updaters.optimizers import UpdaterConfig
from tfx_updaters.pipelines.cli import data_options
from tfx_updaters.pipelines.cli.choice import choose
from tfx_updaters.pipelines.data import Source, describe
from tfx_updaters.pipelines.errors import RunError, sentence
from tfx_updaters.pipelines.workspace import Workspace, hold

if TYPE_CHECKING:
    from tfx_updaters.components.study.plan import Plan

FAILED = 1


@click.command()
@click.option(
    "--updaters",
    required=True,
    metavar="A,B,...",
    help="Two or more, the first is what the others are compared to: names "
    "(see `tfx-updaters updaters`) or .json files.",
)
@data_options.data
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    default=["clean"],
    show_default=True,
    metavar="NAME=SHARE[:STRENGTH]",
    help="What is wrong with a share of the training examples, and how much, as label_noise=0.1, "
    "noise=0.3 or outliers=0.1:20; may be repeated.",
)
@click.option(
    "--seeds",
    type=int,
    default=10,
    show_default=True,
    help="Trainings of each updater in each condition.",
)
@click.option(
    "--rates",
    type=int,
    default=5,
    show_default=True,
    help="Learning rates that are tried for each, around its own, an odd number; 0 takes its own.",
)
@click.option(
    "--tuning-seeds",
    type=int,
    default=2,
    show_default=True,
    help="Trainings with each of these rates.",
)
@click.option(
    "--first-seed",
    type=int,
    default=0,
    show_default=True,
    help="Tuning has this seed and the next ones: another one asks the same again on fresh seeds.",
)
@click.option(
    "--confidence",
    type=float,
    default=0.95,
    show_default=True,
    help="Level of all verdicts together.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=9,
    show_default=True,
    help="Passes over the examples that are trained on.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    default=32,
    show_default=True,
    help="Examples in an update.",
)
@click.option(
    "--metric",
    default="accuracy",
    show_default=True,
    help="What is compared: accuracy or loss.",
)
@click.option(
    "--target",
    type=float,
    help="A value of the metric; the steps to it are counted.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Trainings at a time.  [default: one for each GPU, or else for each core up to 8]",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    default="study",
    show_default=True,
    help="The folder of the study. The same command goes on with it.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show the log of TensorFlow.")
def compare(updaters, data, conditions, jobs, root, verbose, **options):
    """Compare updaters: is one better, and is it luck?

    The learning rate of each is tuned on a validation split; the best ones are then compared on
    fresh seeds, which give all the same splits, initial weights and batches.

    Exit status: 0 compared; 2 wrong usage; 1 anything that failed.
    """
    chosen = _chosen(updaters)
    try:
        plan = _plan(chosen, conditions, **options)
    except ComponentError as error:
        raise click.UsageError(str(error)) from error
    try:
        data.kind()
        with hold(root) as workspace:
            _compare(workspace, plan, data, jobs, verbose)
    except (RunError, ComponentError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    except OSError as error:
        click.echo(f"Error: root {root.absolute()} cannot be used: {error}", err=True)
        sys.exit(FAILED)


def _chosen(updaters: str) -> dict[str, UpdaterConfig]:
    """The updaters by name, files by theirs without the suffix."""
    words = [word.strip() for word in updaters.split(",") if word.strip()]
    names = [Path(word).stem if word.endswith(".json") else word for word in words]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise click.UsageError(f"--updaters: received '{twice[0]}' twice")
    return {name: choose(word, ()) for name, word in zip(names, words, strict=True)}


def _plan(
    chosen, conditions, seeds, rates, tuning_seeds, first_seed, confidence, epochs, batch_size,
    metric, target,
) -> "Plan":  # fmt: skip
    from tfx_updaters.components import TrainingConfig
    from tfx_updaters.components.study.arms import Arm
    from tfx_updaters.components.study.conditions import Condition
    from tfx_updaters.components.study.plan import Plan
    from tfx_updaters.components.study.tuning import Tuning

    return Plan(
        [Arm(name, config) for name, config in chosen.items()],
        [Condition.parsed(text) for text in conditions],
        seeds=seeds, first_seed=first_seed, metric=metric, target=target, confidence=confidence,
        tuning=Tuning(rates=rates, seeds=tuning_seeds) if rates else None,
        training=TrainingConfig(epochs=epochs, batch_size=batch_size),
    )  # fmt: skip


def _compare(
    workspace: Workspace, plan: "Plan", data: Source, jobs: int | None, verbose: bool
) -> None:
    from tfx_updaters.pipelines.output import captured

    log = workspace.log()
    with captured(log, verbose=verbose) as console:
        try:
            _run(console, workspace, plan, data, jobs, log)
        except (RunError, ComponentError):
            raise
        except KeyboardInterrupt as error:
            raise RunError("interrupted; the same command goes on from here") from error
        except Exception as error:
            logging.exception("the study failed")
            raise RunError(f"{sentence(error)}\nLog: {log}") from error


def _run(
    console, workspace: Workspace, plan: "Plan", data: Source, jobs: int | None, log: Path
) -> None:
    workspace.settle()
    began = time.monotonic()
    with console.status("loading TensorFlow"):
        from tfx_updaters.components.examples import arrays
        from tfx_updaters.components.study import files, pool
        from tfx_updaters.components.study.data import Data
        from tfx_updaters.components.study.origin import Origin
        from tfx_updaters.components.study.runner import Runner
        from tfx_updaters.components.study.training import Training
        from tfx_updaters.components.study.trials import Trials
        from tfx_updaters.pipelines import study_card

        pool.give_each_a_core()
    console.print(f"tfx-updaters compare, log {log}", soft_wrap=True, markup=False)
    with console.status("reading the data"):
        data = data.here(workspace.root)
        found = records.inspect(data.prepare(workspace.root))
    what = describe(data, found)
    console.print(what, soft_wrap=True, markup=False)
    plan = _for(plan, found)
    splits = arrays.load(found)
    examples = Data(splits["train"], splits["eval"], spans=arrays.spans(found))
    trials = Trials(workspace.root, plan, examples.fingerprint)
    several = pool.Pool(Training(plan, examples), jobs or pool.jobs())
    with several as train, study_card.progress(console) as tell:
        outcome = Runner(plan, trials, train, tell).run()
    origin = Origin(examples.fingerprint, what, ["tfx-updaters", *sys.argv[1:]])
    for name, text in files.texts(outcome, origin).items():
        (workspace.root / name).write_text(text, encoding="utf-8")
    study_card.show(console, outcome, workspace.root, time.monotonic() - began)


def _for(plan: "Plan", found: Records) -> "Plan":
    """The plan with a model for these images or windows."""
    from tfx_updaters.components.study.plan import IMAGE_CNN, WINDOW_CNN

    model_fn = IMAGE_CNN if found.feature == records.IMAGE else WINDOW_CNN
    arguments = {"shape": list(found.shape), "classes": found.classes}
    return dataclasses.replace(plan, model_fn=model_fn, model_args=arguments)
