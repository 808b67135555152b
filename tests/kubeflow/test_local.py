"""A local run of a document: the order of tasks, what each is handed, and what becomes of it."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from documents import Task, constant, document, write

from tfx_updaters.kfp import local
from tfx_updaters.kfp.errors import RunFailedError, TaskError


def run(content: Any, folder: Path, parameters: dict[str, Any] | None = None) -> local.Run:
    """Runs a document of small tasks."""
    return local.run(write(content, folder), folder / "root", parameters, warm=False)


def failed(content: Any, folder: Path) -> tuple[str, local.Run]:
    """What a run that fails says, and what its tasks did."""
    with pytest.raises(RunFailedError) as caught:
        run(content, folder)
    return str(caught.value), caught.value.run


def states(done: local.Run) -> dict[str, str]:
    return {task.name: task.state for task in done.tasks}


def handed(done: local.Run, task: str, root: Path) -> dict[str, Any]:
    """The ExecutorInput that a task got."""
    return json.loads((root / "root/runs" / done.id / task / "executor_input.json").read_text())


def python(code: str) -> list[str]:
    """A command of Python, which has the ExecutorInput as `given`."""
    start = "import json, pathlib, sys; given = json.loads(sys.argv[1]); "
    return ["python", "-c", start + code, "{{$}}"]


def returning(output: dict[str, Any]) -> list[str]:
    """A command that returns an ExecutorOutput."""
    write_it = "pathlib.Path(given['outputs']['outputFile']).write_text(sys.argv[2])"
    return [*python(write_it), json.dumps(output)]


def with_metadata(**metadata: Any) -> dict[str, Any]:
    return {"artifacts": {"made": {"artifacts": [{"metadata": metadata}]}}}


def test_an_artifact_goes_from_task_to_task_through_the_store(tmp_path: Path) -> None:
    make = "import os, pathlib, sys; made = pathlib.Path(sys.argv[1]); made.mkdir(); "
    make += "(made / 'file').write_text('x'); (made / 'empty').mkdir()"
    look = "import os, sys; print(sorted(os.listdir(sys.argv[1])))"
    done = run(
        document(
            {
                "look": Task(
                    ["python", "-c", look, "{{$.inputs.artifacts['seen'].path}}"],
                    inputs={"seen": ("make", "made")},
                ),
                "make": Task(
                    ["python", "-c", make, "{{$.outputs.artifacts['made'].path}}"], outputs=["made"]
                ),
            }
        ),
        tmp_path,
    )
    assert states(done) == {"make": "SUCCEEDED", "look": "SUCCEEDED"}
    assert done["look"].logs[0].read_text() == "['file']\n"
    assert (done.path("make", "made") / "file").read_text() == "x"


def test_what_comes_of_an_artifact_on_the_way(tmp_path: Path) -> None:
    metadata = {"flag": True, "list": [1], "struct": {"a": 1}, "number": 2, "text": "a"}
    done = run(
        document(
            {
                "make": Task(returning(with_metadata(**metadata)), outputs=["made"]),
                "take": Task(["true"], inputs={"taken": ("make", "made")}),
            }
        ),
        tmp_path,
    )
    (artifact,) = handed(done, "take", tmp_path)["inputs"]["artifacts"]["taken"]["artifacts"]
    assert artifact["type"] == {"instanceSchema": ""}
    assert artifact["uri"].startswith(f"minio://mlpipeline/v2/artifacts/small/{done.id}/make/")
    kept = artifact["metadata"]
    assert kept.pop("display_name") == "made"
    assert kept.pop("store_session_info")
    assert kept == {
        "flag": 1.0, "list": {"list": [1]}, "struct": {"struct": {"a": 1}}, "number": 2.0,
        "text": "a",
    }  # fmt: skip
    outputs = handed(done, "make", tmp_path)["outputs"]["artifacts"]
    assert outputs["executor-logs"]["artifacts"][0]["type"]["schemaTitle"] == "system.Artifact"
    assert "tfx.Model" in outputs["made"]["artifacts"][0]["type"]["instanceSchema"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        pytest.param(returning({"artefacts": {}}), "artefacts", id="an unknown field"),
        pytest.param(returning(with_metadata(bad=None)), "null", id="a null"),
        pytest.param(
            returning({"artifacts": {"made": {"artifacts": [{"uri": "/minio/mlpipeline/x"}]}}}),
            "/minio/mlpipeline/x is not under minio://mlpipeline",
            id="a place outside of the root",
        ),
        pytest.param(["true"], "output parameter 'value' of type NUMBER_INTEGER", id="no value"),
        pytest.param(["no-such-program"], "no-such-program cannot be started", id="no program"),
        pytest.param(["true", "x" * 2**17], "131072 bytes; Linux takes 131071", id="too long"),
        pytest.param(["sh", "-c", "echo why; echo; exit 3"], "exit status 3: why", id="a failure"),
    ],
)
def test_what_fails_a_task(tmp_path: Path, command: list[str], says: str) -> None:
    task = Task(command, outputs=["made"], values={"value": "NUMBER_INTEGER"})
    message, done = failed(document({"make": task}), tmp_path)
    assert message.startswith("make failed: ")
    assert says in message
    assert states(done) == {"make": "FAILED"}


def test_a_value_goes_from_task_to_task(tmp_path: Path) -> None:
    count = {"taskOutputParameter": {"producerTask": "count", "outputParameterKey": "number"}}
    text = {"taskOutputParameter": {"producerTask": "count", "outputParameterKey": "text"}}
    write_text = "printf 12 > {{$.outputs.parameters['text'].output_file}}"
    done = run(
        document(
            {
                "count": Task(
                    ["sh", "-c", f"{write_text}; printf 12 > $0",
                     "{{$.outputs.parameters['number'].output_file}}"],
                    values={"number": "NUMBER_INTEGER", "text": "STRING"},
                ),
                "take": Task(
                    ["echo", "{{$.inputs.parameters['n']}} {{$.inputs.parameters['t']}}"],
                    parameters={"n": count, "t": text},
                    types={"n": "NUMBER_INTEGER"},
                ),
            }
        ),
        tmp_path,
    )  # fmt: skip
    values = handed(done, "take", tmp_path)["inputs"]["parameterValues"]
    assert values == {"n": 12, "t": "12"}
    assert done["take"].logs[0].read_text() == "12 12\n"


def test_lists_dictionaries_and_booleans_are_changed_as_parameters(tmp_path: Path) -> None:
    given = {"a": constant([1]), "b": constant({"c": 1}), "d": constant(True)}
    done = run(document({"take": Task(["true"], parameters=given)}), tmp_path)
    values = handed(done, "take", tmp_path)["inputs"]["parameterValues"]
    assert values == {"a": {"list": [1.0]}, "b": {"struct": {"c": 1.0}}, "d": 1.0}


def test_a_constant_may_name_the_run(tmp_path: Path) -> None:
    given = {"run": constant("run {{$.pipeline_job_uuid}}")}
    done = run(document({"take": Task(["true"], parameters=given)}), tmp_path)
    assert handed(done, "take", tmp_path)["inputs"]["parameterValues"] == {"run": f"run {done.id}"}


RUN_PARAMETER = {"name": {"componentInputParameter": "name"}}


@pytest.mark.parametrize(
    ("definition", "given", "wanted"),
    [
        pytest.param({"defaultValue": "a", "isOptional": True}, {}, "a", id="default"),
        pytest.param({"defaultValue": "a", "isOptional": True}, {"name": "b"}, "b", id="given"),
        pytest.param({"defaultValue": "a"}, {}, "", id="a text that is not optional is lost"),
    ],
)
def test_parameters_of_the_run(
    tmp_path: Path, definition: dict[str, Any], given: dict[str, Any], wanted: str
) -> None:
    definitions = {"name": {"parameterType": "STRING", **definition}}
    content = document({"take": Task(["true"], parameters=RUN_PARAMETER)}, parameters=definitions)
    done = run(content, tmp_path, given)
    assert handed(done, "take", tmp_path)["inputs"]["parameterValues"] == {"name": wanted}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({}, "'name' was not given", id="missing"),
        pytest.param({"nam": "b"}, r"\['nam'\]: there are name", id="unknown"),
    ],
)
def test_parameters_that_the_run_does_not_take(
    tmp_path: Path, given: dict[str, Any], says: str
) -> None:
    content = document(
        {"take": Task(["true"], parameters=RUN_PARAMETER)},
        parameters={"name": {"parameterType": "STRING"}},
    )
    with pytest.raises(TaskError, match=says):
        run(content, tmp_path, given)


@pytest.mark.parametrize(
    ("condition", "state", "after"),
    [
        pytest.param("inputs.parameter_values['n'] == 3.0", "SUCCEEDED", "SUCCEEDED", id="holds"),
        pytest.param("inputs.parameter_values['n'] > 3.0", "SKIPPED", "OMITTED", id="not"),
        pytest.param(
            "!(inputs.parameter_values['n'] > 3.0) && inputs.parameter_values['t'] == 'a'",
            "SUCCEEDED", "SUCCEEDED", id="composed",
        ),
    ],
)  # fmt: skip
def test_a_condition(tmp_path: Path, condition: str, state: str, after: str) -> None:
    maybe = Task(
        ["true"],
        parameters={"n": constant(3), "t": constant("a")},
        more={"triggerPolicy": {"condition": condition}},
    )
    done = run(document({"maybe": maybe, "then": Task(["true"], after=["maybe"])}), tmp_path)
    assert states(done) == {"maybe": state, "then": after}


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        pytest.param("inputs.parameter_values['m'] == 3.0", "Key not found", id="unknown"),
        pytest.param("inputs.artifacts['a'].artifacts[0].uri == ''", "not found", id="artifact"),
        pytest.param("inputs.parameter_values['n'] +", "Syntax error", id="no expression"),
        pytest.param("inputs.parameter_values['n']", "neither true nor false", id="a number"),
    ],
)
def test_a_condition_that_cannot_be_evaluated(tmp_path: Path, condition: str, says: str) -> None:
    maybe = Task(["true"], parameters={"n": constant(3)},
                 more={"triggerPolicy": {"condition": condition}})  # fmt: skip
    message, _ = failed(document({"maybe": maybe}), tmp_path)
    assert says.lower() in message.lower()


def test_a_failure_stops_the_run_and_the_exit_handler_hears_of_it(tmp_path: Path) -> None:
    status = {"status": {"taskFinalStatus": {"producerTask": "inner"}}}
    last = Task(
        ["echo", "{{$.inputs.parameters['status']}}"], after=["inner"], parameters=status,
        types={"status": "TASK_FINAL_STATUS"},
        more={"triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}},
    )  # fmt: skip
    fails = Task(["sh", "-c", "echo the disk is on fire >&2; exit 1"])
    content = document(
        {"last": last},
        inner={"a": Task(["true"]), "b": fails, "c": Task(["true"], after=["b"])},
    )
    message, done = failed(content, tmp_path)
    assert message.startswith("b failed: exit status 1: the disk is on fire; log: ")
    assert Path(message.rpartition("; log: ")[2]).read_text() == "the disk is on fire\n"
    assert states(done) == {
        "a": "SUCCEEDED", "b": "FAILED", "c": "OMITTED", "inner": "FAILED", "last": "SUCCEEDED",
    }  # fmt: skip
    heard = json.loads(done["last"].logs[0].read_text())["struct"]
    assert (heard["state"], heard["pipelineTaskName"]) == ("FAILED", "inner")


def test_a_dag_hands_out_what_its_tasks_made(tmp_path: Path) -> None:
    choice = {"producerSubtask": "make", "outputArtifactKey": "made"}
    make = "echo x > {{$.outputs.artifacts['made'].path}}"
    content = document(
        {
            "take": Task(
                ["cat", "{{$.inputs.artifacts['it'].path}}"], inputs={"it": ("inner", "of")}
            )
        },
        inner={"make": Task(["sh", "-c", make], outputs=["made"])},
        outputs={"artifacts": {"of": {"artifactSelectors": [choice]}}},
    )
    done = run(content, tmp_path)
    assert done["take"].logs[0].read_text() == "x\n"


@pytest.mark.parametrize("ending", ["exit 1", "kill -TERM $$"], ids=["failed", "preempted"])
def test_a_task_is_tried_again_on_an_empty_node(tmp_path: Path, ending: str) -> None:
    marks = tmp_path / "marks"
    command = f"ls -A; touch here; echo x >> {marks}; [ $(wc -l < {marks}) = 3 ] || {ending}"
    policy = {"maxRetryCount": 2, "backoffDuration": "0.1s"}
    task = Task(["sh", "-c", command], more={"retryPolicy": policy})
    done = run(document({"flaky": task}), tmp_path)
    assert [log.read_text() for log in done["flaky"].logs] == ["", "", ""]
    assert done["flaky"].seconds >= 0.3


def test_a_task_is_not_tried_more_often_than_its_policy_says(tmp_path: Path) -> None:
    task = Task(["false"], more={"retryPolicy": {"maxRetryCount": 1}})
    message, done = failed(document({"flaky": task}), tmp_path)
    assert message.startswith("flaky failed: exit status 1")
    assert len(done["flaky"].logs) == 2


def test_a_task_takes_the_outputs_of_an_earlier_run(tmp_path: Path) -> None:
    cached = {"cachingOptions": {"enableCache": True}}
    make = "date +%N > {{$.outputs.artifacts['made'].path}}"

    def content(name: str) -> dict[str, Any]:
        tasks = {
            "make": Task(["sh", "-c", make], outputs=["made"], more=cached),
            "take": Task(["echo", name], inputs={"it": ("make", "made")}, more=cached),
            "never": Task(["true"]),
        }
        return document(tasks)

    first, same, other = (run(content(name), tmp_path) for name in ("a", "a", "b"))
    assert states(first) == {"make": "SUCCEEDED", "take": "SUCCEEDED", "never": "SUCCEEDED"}
    assert states(same) == {"make": "CACHED", "take": "CACHED", "never": "SUCCEEDED"}
    assert states(other) == {"make": "CACHED", "take": "SUCCEEDED", "never": "SUCCEEDED"}
    assert same.path("make", "made") == first.path("make", "made")
    off = local.run(tmp_path / "pipeline.yaml", tmp_path / "root", warm=False, cache=False)
    assert set(states(off).values()) == {"SUCCEEDED"}


def test_an_importer_makes_no_copy(tmp_path: Path) -> None:
    (tmp_path / "schema").write_text("x")
    importer = {"importer": {"artifactUri": {"runtimeParameter": "uri"}, "metadata": {"a": 1}}}
    tasks = {
        "import": Task(parameters={"uri": constant(str(tmp_path / "schema"))}, outputs=["result"],
                       executor=importer),
        "take": Task(["cat", "{{$.inputs.artifacts['it'].path}}"],
                     inputs={"it": ("import", "result")}),
    }  # fmt: skip
    done = run(document(tasks), tmp_path)
    assert done["take"].logs[0].read_text() == "x"
    assert done["import"].made.artifacts["result"]["metadata"]["a"] == 1


def test_the_environment_of_a_node(tmp_path: Path) -> None:
    show = "import os, sys; print(sys.executable, os.environ['COLOUR'], os.listdir())"
    task = Task(executor={"container": {
        "image": "x", "command": ["python", "-c"], "args": [show],
        "env": [{"name": "COLOUR", "value": "red"}],
    }})  # fmt: skip
    done = run(document({"show": task}), tmp_path)
    program, colour, found = done["show"].logs[0].read_text().split(maxsplit=2)
    assert (os.path.dirname(program), colour, found) == (
        os.path.dirname(sys.executable), "red", "[]\n",
    )  # fmt: skip
