"""Pipelines to compile, and what the compiled document says."""

from pathlib import Path
from typing import Any

import yaml
from tfx import components as tfx
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.component.experimental.annotations import (
    InputArtifact,
    OutputArtifact,
    OutputDict,
    Parameter,
)  # fmt: skip
from tfx.dsl.component.experimental.container_component import create_container_component
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.component.experimental.placeholders import (
    ConcatPlaceholder,
    InputUriPlaceholder,
    InputValuePlaceholder,
    OutputUriPlaceholder,
)  # fmt: skip
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import pusher_pb2
from tfx.types.artifact import Artifact, Property, PropertyType
from tfx.types.standard_artifacts import Examples, Model

from tfx_updaters.components.examples.records import Records
from tfx_updaters.kfp.compile import compile
from tfx_updaters.kfp.nodes import Claim, NodeConfig
from tfx_updaters.optimizers import get
from tfx_updaters.pipelines.training import Training, create_pipeline

ROOT = "minio://mlpipeline/v2"
DATA = "s3://bucket/data"
MOUNTS = NodeConfig(claims=(Claim("data", "/data"), Claim("pipe", "/pipe")))


class Card(Artifact):
    """An artifact type that is not TFX's."""

    TYPE_NAME = "ModelCard"
    PROPERTIES = {"pages": Property(type=PropertyType.INT)}  # noqa: RUF012


@component
def Write(
    model: InputArtifact[Model],
    card: OutputArtifact[Card],
    title: Parameter[str] = "none",
    wide: Parameter[bool] = False,
    sizes: Parameter[list[int]] = None,
    colours: Parameter[dict[str, str]] = None,
) -> None:
    """A custom Python component with properties of every kind."""


@component
def Read(card: InputArtifact[Card]) -> OutputDict(words=int, score=float):
    """Takes the custom artifact, and gives values."""
    return {"words": 1, "score": 0.5}


@component
def Use(words: Parameter[int], score: Parameter[float]) -> None:
    """Takes values that another node computed."""


@component
def Last(status: Parameter[str]) -> None:
    """An exit handler."""


@component
def Take(examples: InputArtifact[Examples]) -> None:
    """Takes examples."""


Shell = create_container_component(
    name="Shell",
    image="busybox",
    inputs={"examples": Examples},
    outputs={"model": Model},
    parameters={"flag": str, "count": int},
    command=[
        "sh", "-c", InputUriPlaceholder("examples"), OutputUriPlaceholder("model"),
        ConcatPlaceholder(["--flag=", InputValuePlaceholder("flag")]),
    ],
)  # fmt: skip


def main(root: Path = Path("/pipe")) -> Pipeline:
    """The pipeline of `pipelines.training`; its paths are under `/data` and `root`."""
    records = Records(folder=Path("/data"), counts={}, classes=10, shape=(8, 8, 1))
    return create_pipeline("digits", root, records, Training(updater=get("momentum"), steps=10))


def stranger(module_file: str, **more: Any) -> Pipeline:
    """A pipeline as TFX's tutorials have it, whose code is a file."""
    examples = tfx.CsvExampleGen(input_base=DATA)
    schema = ImportSchemaGen(schema_file="s3://bucket/schema.pbtxt")
    transform = tfx.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        module_file=module_file,
    )
    trainer = tfx.Trainer(
        module_file=module_file, examples=transform.outputs["transformed_examples"]
    )
    pusher = tfx.Pusher(
        model=trainer.outputs["model"],
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory="s3://bucket/serving")
        ),
    )
    return pipeline([examples, schema, transform, trainer, pusher], **more)


def pipeline(nodes: list, name: str = "made", **more: Any) -> Pipeline:
    """A pipeline of these nodes."""
    return Pipeline(pipeline_name=name, pipeline_root=ROOT, components=nodes, **more)


class Document:
    """A compiled pipeline."""

    def __init__(self, path: Path):
        self.path = path
        self.spec, self.platform = yaml.safe_load_all(path.read_text())
        self.tasks = self.spec["root"]["dag"]["tasks"]
        self.pods = self.platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]

    def component(self, name: str) -> dict[str, Any]:
        """The interface of a node."""
        return self.spec["components"][self.task(name)["componentRef"]["name"]]

    def task(self, name: str) -> dict[str, Any]:
        """A task at whatever depth."""
        graphs = [self.spec["root"], *self.spec["components"].values()]
        (found,) = (
            graph["dag"]["tasks"][name]
            for graph in graphs
            if name in graph.get("dag", {}).get("tasks", {})
        )
        return found

    def container(self, name: str) -> dict[str, Any]:
        """The container of a node."""
        label = self.component(name)["executorLabel"]
        return self.spec["deploymentSpec"]["executors"][label]["container"]

    def argument(self, name: str, flag: str) -> str:
        """What follows a flag in a node's command."""
        arguments = self.container(name)["args"]
        return arguments[arguments.index(flag) + 1]

    def pod(self, name: str) -> dict[str, Any]:
        """Kubernetes' part of a node."""
        return self.pods.get(self.component(name)["executorLabel"], {})


def compiled(
    made: Pipeline, folder: Path, nodes: dict[str, NodeConfig] | None = None, **more: Any
) -> Document:
    """The document of a pipeline."""
    path = folder / "pipeline.yaml"
    compile(made, path, **{"images": {"cpu": "cpu:1", "gpu": "gpu:1"}, "nodes": nodes, **more})
    return Document(path)
