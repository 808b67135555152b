"""The entrypoint of a node: what KFP hands, and what TFX's executor gets; and back."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from google.protobuf import json_format
from handings import KEPT, Typed, executor_input, title
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.types import standard_artifacts

from tfx_updaters.kfp import entrypoint, mounts

UNTYPED = {"type": {"instanceSchema": ""}}
KFP_OWN = {"display_name": "examples", "store_session_info": '{"Provider":"minio"}'}
LOGS = {"uri": "minio://bucket/run/logs", "type": {"schemaTitle": "system.Artifact"}}


@pytest.fixture
def mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the copies of artifacts are; nothing is kept yet."""
    monkeypatch.setenv(mounts.MOUNT_ROOT, str(tmp_path / "mnt"))
    KEPT.clear()
    return tmp_path / "mnt"


def run(executor: str, handed: dict[str, Any], spec: dict[str, Any] | None = None, *more: str):
    """Runs the entrypoint in this process; the exit status."""
    return entrypoint.main(
        [
            "--executor_class_path", f"handings.{executor}",
            "--json_serialized_invocation_args", json.dumps(handed),
            "--json_serialized_inputs_spec_args", json.dumps(spec or {}),
            *more,
        ]
    )  # fmt: skip


def returned(tmp_path: Path) -> dict[str, Any]:
    """The ExecutorOutput, which has to have no field that KFP does not know."""
    text = (tmp_path / "out" / "output_metadata.json").read_text()
    message = json_format.Parse(text, pipeline_spec_pb2.ExecutorOutput())
    return json_format.MessageToDict(message)


def made(uri: str = "minio://bucket/run/made") -> dict[str, Any]:
    """An output of the custom type."""
    return {"uri": uri, "type": {"instanceSchema": title(Typed)}}


def given(**metadata: Any) -> dict[str, Any]:
    """An input as KFP hands it."""
    return {**UNTYPED, "uri": "minio://bucket/run/given", "metadata": {**KFP_OWN, **metadata}}


def spec_of(kind: type | str) -> dict[str, Any]:
    schema = json.dumps({"title": kind}) if isinstance(kind, str) else title(kind)
    return {"artifacts": {"given": {"artifactType": {"instanceSchema": schema}}}}


def test_input_artifact_gets_its_type_and_local_copy(mount: Path, tmp_path: Path) -> None:
    raw = given(split_names='["train"]', span=3.0)
    assert run("Keeping", executor_input(tmp_path, inputs={"given": raw}),
               spec_of("tfx.Examples")) == 0  # fmt: skip
    (examples,) = KEPT["inputs"]["given"]
    assert type(examples) is standard_artifacts.Examples
    assert examples.uri == f"{mount}/minio/bucket/run/given"
    assert examples.split_names == '["train"]'
    assert examples.get_int_custom_property("span") == 3 or examples.span == 3
    assert not examples.has_custom_property("display_name")
    assert not examples.has_custom_property("store_session_info")


@pytest.mark.parametrize(
    ("name", "handed", "wanted"),
    [
        pytest.param("whole", 3.0, 3, id="whole number"),
        pytest.param("real", 1.0, 1.0, id="real number"),
        pytest.param("text", "a", "a", id="text"),
        pytest.param("flag", 1.0, True, id="boolean as a number"),
        pytest.param("flag", 0.0, False, id="false as a number"),
        pytest.param("data", {"list": [1.0, "a"]}, [1.0, "a"], id="wrapped list"),
        pytest.param("data", {"struct": {"a": 1.0}}, {"a": 1.0}, id="wrapped dictionary"),
        pytest.param("data", {"struct": {"list": [1.0]}}, {"list": [1.0]}, id="one called list"),
        pytest.param("data", {"list": 1.0}, {"list": 1.0}, id="never wrapped"),
    ],
)
def test_property_of_a_custom_type_gets_its_own_type(
    mount: Path, tmp_path: Path, name: str, handed: Any, wanted: Any
) -> None:
    raw = given(**{name: handed})
    assert run("Keeping", executor_input(tmp_path, inputs={"given": raw}), spec_of(Typed)) == 0
    (artifact,) = KEPT["inputs"]["given"]
    found = getattr(artifact, name)
    assert (type(found), found) == (type(wanted), wanted)


def test_custom_properties_are_read_as_what_they_were(mount: Path, tmp_path: Path) -> None:
    clash = {"custom:whole": "not the number"}
    booleans = {"sure": 1.0, "custom_booleans": {"list": ["sure"]}}
    raw = given(count=2.0, rate=0.5, note="a", parts={"list": ["x"]}, **booleans, **clash)
    assert run("Keeping", executor_input(tmp_path, inputs={"given": raw}), spec_of(Typed)) == 0
    (artifact,) = KEPT["inputs"]["given"]
    assert artifact.get_int_custom_property("count") == 2
    assert artifact.get_float_custom_property("rate") == 0.5
    assert artifact.get_string_custom_property("note") == "a"
    assert artifact.get_json_value_custom_property("parts") == ["x"]
    assert artifact.get_bool_custom_property("sure") is True
    assert artifact.get_string_custom_property("whole") == "not the number"
    assert not artifact.has_property("whole")


def test_artifacts_have_different_numbers(mount: Path, tmp_path: Path) -> None:
    """The Evaluator writes those of the model and the baseline into its blessing."""
    raw = executor_input(tmp_path, inputs={"given": given()}, outputs={"made": made()})
    assert run("Keeping", raw, spec_of(Typed)) == 0
    numbers = {KEPT["inputs"]["given"][0].id, KEPT["outputs"]["made"][0].id}
    assert len(numbers) == 2
    assert all(0 < number == int(float(number)) for number in numbers)


def test_input_that_stands_for_none_is_not_there(mount: Path, tmp_path: Path) -> None:
    raw = executor_input(tmp_path, inputs={"given": given(none=1.0)})
    assert run("Keeping", raw, spec_of("tfx.Model")) == 0
    assert KEPT["inputs"] == {}


def test_outputs_that_kfp_adds_are_ignored(mount: Path, tmp_path: Path) -> None:
    raw = executor_input(tmp_path, outputs={"made": made(), "executor-logs": LOGS})
    assert run("Keeping", raw) == 0
    assert list(KEPT["outputs"]) == ["made"]
    assert list(returned(tmp_path)["artifacts"]) == ["made"]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        pytest.param("", "no type", id="no type"),
        pytest.param("Typed", "type 'Typed' cannot be imported", id="a name alone, tfx#7768"),
        pytest.param("handings.Other", "'handings.Other' cannot be imported", id="unknown"),
    ],
)
def test_type_that_cannot_be_found(
    mount: Path, tmp_path: Path, capfd: pytest.CaptureFixture, kind: str, says: str
) -> None:
    raw = executor_input(tmp_path, inputs={"given": given()})
    assert run("Keeping", raw, spec_of(kind), "--node_id", "Reader") == 1
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith("Reader failed: HandedError: artifact given: ")
    assert says in last


@pytest.mark.parametrize(
    ("uri", "local"),
    [
        pytest.param("minio://b/x/y", "/minio/b/x/y", id="minio"),
        pytest.param("s3://b/x", "/s3/b/x", id="s3"),
        pytest.param("gs://b/x", "/gcs/b/x", id="gs"),
        pytest.param("/mnt/claim/x", "/mnt/claim/x", id="a path"),
        pytest.param("hdfs://host/x", "hdfs://host/x", id="a store that KFP does not copy"),
    ],
)
def test_local_copy_in_a_pod(monkeypatch: pytest.MonkeyPatch, uri: str, local: str) -> None:
    monkeypatch.delenv(mounts.MOUNT_ROOT, raising=False)
    assert mounts.path_of(uri) == local


def test_what_is_returned(mount: Path, tmp_path: Path) -> None:
    raw = executor_input(tmp_path, inputs={"given": given()}, outputs={"made": made()})
    assert run("Writing", raw, spec_of(Typed)) == 0
    (artifact,) = returned(tmp_path)["artifacts"]["made"]["artifacts"]
    assert set(artifact) == {"uri", "metadata"}
    assert artifact["uri"] == "minio://bucket/run/made"
    metadata = artifact["metadata"]
    assert metadata.pop("tfx_version")
    assert metadata == {
        "whole": 3.0, "real": 0.5, "text": "a", "flag": False, "data": {"list": [1.0, None]},
        "sure": True, "custom_booleans": ["sure"], "count": 2.0, "custom:whole": "not the number",
        "from": "minio://bucket/run/given/Split-train", "elsewhere": "/data/Split-train",
    }  # fmt: skip


def test_empty_folders_arrive_empty(mount: Path, tmp_path: Path) -> None:
    """KFP copies files only; the next node must not take what keeps a folder for its data."""
    assert run("Keeping", executor_input(tmp_path, outputs={"made": made()})) == 0
    folder = mount / "minio/bucket/run/made"
    (left,) = folder.iterdir()
    assert left.is_file()
    raw = {**UNTYPED, "uri": "minio://bucket/run/made"}
    assert run("Keeping", executor_input(tmp_path, inputs={"given": raw}), spec_of(Typed)) == 0
    assert list(folder.iterdir()) == []


def test_properties_of_the_command_are_taken_as_they_are(mount: Path, tmp_path: Path) -> None:
    static = {"model_args": {"shape": [8, 8]}, "nothing": None, "deep": True, "steps": 1}
    raw = executor_input(tmp_path, properties={"steps": 400.0, "rate": 1.0})
    assert run("Keeping", raw, {}, "--properties", json.dumps(static)) == 0
    assert KEPT["properties"] == {**static, "rate": 1.0}
    assert KEPT["properties"]["deep"] is True


def test_output_parameter_has_the_value_of_the_artifact(mount: Path, tmp_path: Path) -> None:
    folder = mount / "minio/bucket/run/count"
    raw = executor_input(
        tmp_path,
        outputs={"count": {"uri": "minio://bucket/run/count", **type_of("tfx.Integer")}},
        properties={"value": 7.0},
    )
    raw["outputs"]["parameters"] = {"count": {"outputFile": str(tmp_path / "count")}}
    assert run("Counting", raw) == 0
    assert folder.read_text() == "7"
    assert returned(tmp_path)["parameterValues"] == {"count": 7.0}


def type_of(name: str) -> dict[str, Any]:
    return {"type": {"instanceSchema": json.dumps({"title": name})}}


def test_example_gen_gets_span_version_and_fingerprint(mount: Path, tmp_path: Path) -> None:
    """KFP does not run the driver that TFX puts into `lifecycle`."""
    for span in (1, 2):
        folder = tmp_path / "data" / f"span-{span}" / "v5"
        folder.mkdir(parents=True)
        (folder / "rows.csv").write_text("a,b\n1,2\n3,4\n" * span)
    raw = executor_input(
        tmp_path,
        properties={
            "input_base": str(tmp_path / "data"),
            "input_config": json.dumps(
                {"splits": [{"name": "all", "pattern": "span-{SPAN}/v{VERSION}/*"}]}
            ),
            "output_config": json.dumps({}),
            "output_data_format": 6.0,
            "output_file_format": 5.0,
        },
        outputs={"examples": {"uri": "minio://bucket/run/ex", **type_of("tfx.Examples")}},
    )
    spec = {"parameters": {name: {"parameterType": "NUMBER_INTEGER"}
                           for name in ("output_data_format", "output_file_format")}}  # fmt: skip
    status = entrypoint.main(
        [
            "--executor_class_path", "tfx.components.example_gen.csv_example_gen.executor.Executor",
            "--json_serialized_invocation_args", json.dumps(raw),
            "--json_serialized_inputs_spec_args", json.dumps(spec),
            "--runner=FnApiRunner", "--direct_running_mode=in_memory", "--sdk_container_image=none",
        ]
    )  # fmt: skip
    assert status == 0
    metadata = returned(tmp_path)["artifacts"]["examples"]["artifacts"][0]["metadata"]
    assert (metadata["custom:span"], metadata["custom:version"]) == (2.0, 5.0)
    assert "split:all,num_files:1,total_bytes:24," in metadata["input_fingerprint"]
    (file,) = (mount / "minio/bucket/run/ex/Split-all").iterdir()
    assert len(list(tf.data.TFRecordDataset(str(file), "GZIP"))) == 5


def test_failure_ends_the_log_with_its_first_cause(
    mount: Path, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    assert run("Failing", executor_input(tmp_path), {}, "--node_id", "Trainer") == 1
    last = capfd.readouterr().err.splitlines()[-1]
    assert last == "Trainer failed: OSError: the third shard is damaged"
    assert not (tmp_path / "out" / "output_metadata.json").exists()


@pytest.mark.parametrize(
    ("module", "source", "says"),
    [
        pytest.param("theirs", "a = 1", "", id="the same"),
        pytest.param("theirs", "a = 2", "build the image again", id="another"),
        pytest.param("nowhere", "a = 1", "no module nowhere", id="missing"),
    ],
)
def test_an_image_has_to_have_the_module_that_was_compiled_with(
    mount: Path, tmp_path: Path, monkeypatch, capfd, module: str, source: str, says: str
) -> None:
    (tmp_path / "theirs.py").write_text("a = 1")
    monkeypatch.syspath_prepend(tmp_path)
    expected = hashlib.sha256(source.encode()).hexdigest()
    handed = executor_input(tmp_path, properties={"module_path": module})
    assert run("Keeping", handed, {}, "--module_sha256", expected) == int(bool(says))
    assert says in capfd.readouterr().err.splitlines()[-1]
    assert bool(KEPT) != bool(says)


@pytest.mark.parametrize(("losses", "status"), [(2, 0), (3, 1)], ids=["twice", "thrice"])
def test_lost_connection_is_tried_again_from_empty_outputs(
    mount: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, losses: int, status: int
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    raw = executor_input(tmp_path, properties={"losses": losses}, outputs={"made": made()})
    assert run("Unsteady", raw) == status
    assert KEPT["found"] == [[], [], []]


def test_options_of_beam_reach_a_beam_executor(mount: Path, tmp_path: Path) -> None:
    assert run("KeepingBeam", executor_input(tmp_path), {}, "--runner=FnApiRunner",
               "--sdk_container_image=none") == 0  # fmt: skip
    assert KEPT["beam"][0] == "--runner=FnApiRunner"
    assert KEPT["arguments"] == []
