"""`tfx-updaters kfp submit`: a compiled document on a cluster, and how its run goes on."""

import os
import sys
from pathlib import Path

import click

from tfx_updaters.kfp.errors import (
    ConfigError,
    DocumentError,
    RunFailedError,
    ServerError,
)
from tfx_updaters.pipelines.cli import parameters

# What shells say of a program that Ctrl-C ended.
INTERRUPTED = 130
TOKEN = "KFP_TOKEN"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("document", type=_FILE)
@click.option(
    "--host",
    envvar="KF_PIPELINES_ENDPOINT",
    required=True,
    metavar="URL",
    show_envvar=True,
    help="Of Kubeflow Pipelines.",
)
@click.option(
    "--experiment",
    default="Default",
    show_default=True,
    help="The group of runs; made where it is missing.",
)
@click.option("--run-name", help="Without it: the pipeline's name and the time.")
@parameters.option
@click.option(
    "--root",
    metavar="ADDRESS",
    help="Where the run writes to. Without it: what the document says, else the cluster's.",
)
@click.option("--namespace", help="Yours, where several users share the cluster.")
@click.option("--service-account", help="That the run's pods have.")
@click.option(
    "--token-file",
    type=_FILE,
    envvar="KF_PIPELINES_SA_TOKEN_PATH",
    show_envvar=True,
    help=f"A file with a bearer token. A token itself is taken from {TOKEN} only.",
)
@click.option(
    "--ca-file",
    type=_FILE,
    envvar="SSL_CERT_FILE",
    show_envvar=True,
    help="Certificates (PEM) of the authorities to trust.",
)
@click.option("--wait", is_flag=True, help="Follow the run to its end.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="With --wait: stop waiting after this time; the run goes on.",
)
@click.option(
    "--interval",
    type=click.FloatRange(0, min_open=True),
    default=5,
    show_default=True,
    metavar="SECONDS",
    help="With --wait: between two looks at the run.",
)
@click.option(
    "--patience",
    type=click.FloatRange(0),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="How long a server that is away is asked again.",
)
def submit(document, host, experiment, run_name, settings, root, namespace, service_account,
           token_file, ca_file, wait, timeout, interval, patience):  # fmt: skip
    """Upload a compiled DOCUMENT (.yaml) to Kubeflow Pipelines and start a run of it.

    Exit status: 0 the run was started and, with --wait, succeeded; 1 it failed, or the server
    did; 2 wrong usage; 130 Ctrl-C while waiting, and the run goes on.
    """
    from tfx_updaters.kfp.backend.document import load
    from tfx_updaters.kfp.server import Server
    from tfx_updaters.kfp.submit import follow
    from tfx_updaters.kfp.submit import submit as start
    from tfx_updaters.pipelines.live import Lines
    from tfx_updaters.pipelines.output import console_on

    console = console_on(sys.stdout)
    try:
        given = parameters.parse(settings, load(document).root)
        server = Server(
            host, namespace=namespace, token_file=token_file, ca_file=ca_file,
            token=None if token_file else os.environ.get(TOKEN), patience=patience,
        )  # fmt: skip
        run = start(
            document, server, experiment=experiment, run_name=run_name, parameters=given,
            pipeline_root=root, service_account=service_account,
        )  # fmt: skip
        console.print(f"run {run.id} started: {run.url}", soft_wrap=True, markup=False)
        if wait:
            try:
                follow(server, run, watch=Lines(console).task, timeout=timeout, interval=interval)
            except KeyboardInterrupt:
                click.echo(f"Not waiting any more; the run goes on: {run.url}", err=True)
                sys.exit(INTERRUPTED)
    except (ConfigError, DocumentError) as error:
        raise click.UsageError(str(error)) from error
    except (RunFailedError, ServerError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
