"""`tfx-updaters kfp compile`: the main pipeline, or any of TFX, as a document for Kubeflow."""

import os
import re
import warnings
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tfx_updaters.kfp import node_file
from tfx_updaters.kfp.errors import KubeflowError
from tfx_updaters.kfp.load import Function
from tfx_updaters.pipelines.cli import options
from tfx_updaters.pipelines.cli.options import Chosen
from tfx_updaters.pipelines.output import silenced

# What is there without `PIPELINE`, and asked for then.
NEEDED = ("data", "shape", "classes", "push_to")
# What is there with and without it.
COMMON = ("pipeline", "output", "image", "gpu_image", "nodes", "root")


class Shape(click.ParamType):
    """HEIGHTxWIDTHxCHANNELS."""

    name = "shape"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int, int]:
        """The three numbers."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)x([13])", value)
        if not found:
            self.fail(f"received '{value}'; HEIGHTxWIDTHxCHANNELS is needed, such as 28x28x1")
        height, width, channels = map(int, found.groups())
        return height, width, channels


@click.command()
@click.argument("pipeline", required=False, metavar="[MODULE:FUNCTION|FILE.py:FUNCTION]")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default="pipeline.yaml",
    show_default=True,
    help="The document to write.",
)
@click.option("--image", metavar="NAME", help="With this package and the pipeline's code.")
@click.option("--gpu-image", metavar="NAME", help="In its place for nodes with a GPU.")
@click.option(
    "--nodes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="How each node runs, by its id (YAML or JSON): GPUs, memory, volumes, ...",
)
@click.option(
    "--root",
    metavar="ADDRESS",
    help="The store that runs write to (gs://, s3://, minio://). Without it: the cluster's.",
)
@click.option(
    "--data",
    metavar="ADDRESS",
    help="The folder with train* and eval* TFRecords: gs://, or in a volume that the nodes mount.",
)
@click.option("--shape", type=Shape(), metavar="HxWxC", help="Of an image, such as 28x28x1.")
@click.option("--classes", type=click.IntRange(2), help="How many there are.")
@click.option("--push-to", metavar="ADDRESS", help="The folder for pushed models, as of --data.")
@click.option("--name", help="Of the pipeline. Without it: the last part of --data.")
@options.training
@click.pass_context
def compile(ctx, pipeline, output, image, gpu_image, nodes, root, data, shape, classes, push_to,
            name, **given):  # fmt: skip
    """Compile a pipeline for Kubeflow Pipelines: the one of this package, or a function that
    returns a TFX pipeline.

    Exit status: 0 the document is written; 2 wrong usage, or a pipeline that cannot run there.
    """
    _refuse_mixture(ctx, pipeline)
    # Another backend or legacy Keras, chosen for other programs, is not for a TFX pipeline.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    try:
        chosen = Chosen.of(**given)
        function = Function.of(pipeline) if pipeline else None
        _check_address("--data", data)
        _check_address("--push-to", push_to)
        configs = node_file.read(nodes) if nodes else None
        with silenced():
            from tfx_updaters.kfp import compile as compiler
            from tfx_updaters.pipelines import training
        if function:
            made = function.pipeline()
        else:
            found = training.Data(data, shape, classes)
            made = training.create_cluster_pipeline(
                name or _name(data), found, chosen.training(epochs=chosen.epochs), push_to
            )
        images = {"cpu": image, "gpu": gpu_image or image}
        images = {kind: each for kind, each in images.items() if each}
        with warnings.catch_warnings(record=True) as said:
            compiler.compile(made, output, images=images, nodes=configs, pipeline_root=root)
    except KubeflowError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"--output {output}: {error.strerror}") from error
    for warning in said:
        if warning.category is UserWarning:
            click.echo(f"Warning: {warning.message}", err=True)
    click.echo(f"{output} is written; tfx-updaters kfp submit {output} --host URL starts a run")


def _refuse_mixture(ctx: click.Context, pipeline: str | None) -> None:
    """The main pipeline needs its data; another one brings all of its own."""
    if pipeline is None:
        for name in NEEDED:
            if ctx.params[name] is None:
                option = f"--{name.replace('_', '-')}"
                raise click.UsageError(
                    f"{option} is needed for this package's pipeline; for another one give "
                    "MODULE:FUNCTION or FILE.py:FUNCTION"
                )
        return
    for option in ctx.command.params:
        given = ctx.get_parameter_source(option.name or "") != ParameterSource.DEFAULT
        if option.name not in COMMON and given:
            raise click.UsageError(
                f"{option.opts[0]} is for this package's pipeline; {pipeline} has its own"
            )


def _check_address(option: str, address: str | None) -> None:
    """Whether TFX can open it in a node: `gs://`, or a path, which a volume has to be mounted at.

    TFX 1.21 opens paths through TensorFlow, which says of others 'File system scheme not
    implemented'. KFP's launcher copies artifacts, not these.
    """
    if address is None or address.startswith(("gs://", "/")):
        return
    if "://" in address:
        scheme = address.partition("://")[0]
        raise click.UsageError(
            f"{option}: received {address}; TensorFlow opens no {scheme}:// addresses: use gs://, "
            "or a folder of a volume that the nodes mount (claims in --nodes)"
        )
    raise click.UsageError(
        f"{option}: received {address}, which is on this machine; no container has it: use gs://, "
        "or the absolute path in a volume that the nodes mount (claims in --nodes)"
    )


def _name(data: str) -> str:
    """The last part of an address as a pipeline's name."""
    last = data.rstrip("/").rpartition("/")[2]
    return re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-") or "data"
