"""Execution properties and artifact types in a compiled document."""

import json

import made
from tfx import components as tfx
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import trainer_pb2
from tfx.types.standard_artifacts import Examples, Model


def test_properties_that_kfp_changes_are_in_the_command(tmp_path):
    model = Importer(source_uri="s3://bucket/model", artifact_type=Model).with_id("model")
    odd = {"brace": "{{$.inputs}}", "deep": "{{$}}"}
    node = made.Write(
        model=model.outputs["result"], title="x", wide=True, sizes=[1, 2], colours=odd
    )
    document = made.compiled(made.pipeline([model, node]), tmp_path)
    text = document.argument("Write", "--properties")
    assert json.loads(text) == {"wide": True, "sizes": [1, 2], "colours": odd}
    assert "{{$" not in text
    assert set(document.component("Write")["inputDefinitions"]["parameters"]) == {"title"}


def test_a_custom_artifact_type_is_found_again_by_its_full_name(tmp_path):
    model = Importer(source_uri="s3://bucket/model", artifact_type=Model).with_id("model")
    write = made.Write(model=model.outputs["result"])
    read = made.Read(card=write.outputs["card"])
    document = made.compiled(made.pipeline([model, write, read]), tmp_path)
    for side, name in (("outputDefinitions", "Write"), ("inputDefinitions", "Read")):
        kind = document.component(name)[side]["artifacts"]["card"]["artifactType"]
        schema = made.yaml.safe_load(kind["instanceSchema"])
        assert schema["title"] == f"{made.Card.__module__}.Card"
        assert schema["properties"] == {"pages": {"type": "integer"}}


def test_a_value_of_another_node_is_a_parameter_of_that_node(tmp_path):
    model = Importer(source_uri="s3://bucket/model", artifact_type=Model).with_id("model")
    write = made.Write(model=model.outputs["result"])
    read = made.Read(card=write.outputs["card"])
    use = made.Use(
        words=read.outputs["words"].future()[0].value, score=read.outputs["score"].future()[0].value
    )
    document = made.compiled(made.pipeline([model, write, read, use]), tmp_path)
    assert document.component("Read")["outputDefinitions"]["parameters"] == {
        "words": {"parameterType": "NUMBER_INTEGER"},
        "score": {"parameterType": "NUMBER_DOUBLE"},
    }
    assert document.component("Use")["inputDefinitions"]["parameters"]["score"] == {
        "parameterType": "NUMBER_DOUBLE"
    }
    given = document.task("Use")["inputs"]["parameters"]["words"]["taskOutputParameter"]
    assert given == {"outputParameterKey": "words", "producerTask": "Read"}
    assert "Read" in document.task("Use")["dependentTasks"]


def test_parameters_of_a_run_keep_their_types_and_defaults(tmp_path):
    args = RuntimeParameter("train-args", ptype=str, default='{"num_steps": 5}')
    steps = RuntimeParameter("count", ptype=int)
    examples = Importer(
        source_uri=RuntimeParameter("where", ptype=str, default="s3://bucket/x"),
        artifact_type=Examples,
    ).with_id("examples")
    shell = made.Shell(examples=examples.outputs["result"], flag="x", count=steps)
    trainer = tfx.Trainer(
        run_fn="a.b", examples=examples.outputs["result"], train_args=args,
        eval_args=trainer_pb2.EvalArgs(num_steps=1),
    )  # fmt: skip
    document = made.compiled(made.pipeline([examples, shell, trainer]), tmp_path)
    assert document.spec["root"]["inputDefinitions"]["parameters"] == {
        "train-args": {
            "parameterType": "STRING", "isOptional": True, "defaultValue": '{"num_steps": 5}'
        },
        "where": {"parameterType": "STRING", "isOptional": True, "defaultValue": "s3://bucket/x"},
        "count": {"parameterType": "NUMBER_INTEGER"},
    }  # fmt: skip
    given = document.task("Trainer")["inputs"]["parameters"]["train_args"]
    assert given == {"componentInputParameter": "train-args"}
    importer = document.spec["deploymentSpec"]["executors"]["exec-examples"]["importer"]
    assert importer["artifactUri"] == {"runtimeParameter": "artifact_uri"}
    assert document.task("examples")["inputs"]["parameters"]["artifact_uri"] == {
        "componentInputParameter": "where"
    }


def test_a_users_command_gets_paths_and_values(tmp_path):
    examples = Importer(source_uri="s3://bucket/x", artifact_type=Examples).with_id("examples")
    shell = made.Shell(examples=examples.outputs["result"], flag="x", count=1)
    document = made.compiled(made.pipeline([examples, shell]), tmp_path)
    assert document.container("Shell") == {
        "image": "busybox",
        "command": [
            "sh", "-c", "{{$.inputs.artifacts['examples'].path}}",
            "{{$.outputs.artifacts['model'].path}}", "--flag={{$.inputs.parameters['flag']}}",
        ],
    }  # fmt: skip
