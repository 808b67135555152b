"""`tfx-updaters kfp`: any TFX pipeline on Kubeflow Pipelines, or here as it would run there."""

import click

from tfx_updaters.pipelines.cli.kfp_compile import compile
from tfx_updaters.pipelines.cli.kfp_image import image
from tfx_updaters.pipelines.cli.kfp_run import run
from tfx_updaters.pipelines.cli.kfp_submit import submit


@click.group()
def kfp() -> None:
    """Pipelines for open-source Kubeflow Pipelines."""


for command in (compile, image, submit, run):
    kfp.add_command(command)
