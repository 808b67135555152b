"""The `tfx-updaters` command. Commands import TensorFlow and TFX when they run, not before."""

import click

from tfx_updaters.pipelines.cli.compare import compare
from tfx_updaters.pipelines.cli.data import data
from tfx_updaters.pipelines.cli.kfp import kfp
from tfx_updaters.pipelines.cli.predict import predict
from tfx_updaters.pipelines.cli.run import run
from tfx_updaters.pipelines.cli.updaters import updaters


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(package_name="tfx-updaters", prog_name="tfx-updaters")
def main() -> None:
    """Choose how a CNN's parameters are updated, train it in a real TFX pipeline,
    and push the model only if it generalizes."""


for command in (run, compare, data, updaters, predict, kfp):
    main.add_command(command)
