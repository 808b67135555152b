"""What a node's container runs on Kubeflow Pipelines: TFX's executor, handed what KFP hands.

    python -m tfx_updaters.kfp.entrypoint
        --executor_class_path MODULE.CLASS
        --json_serialized_invocation_args {{$}}
        --json_serialized_inputs_spec_args JSON
        [--properties JSON] [--module_sha256 HEX] [--node_id ID] [Beam's options]

The first three are those of TFX's own `kubeflow_v2_run_executor`, whose place this takes; KFP's
launcher puts the ExecutorInput where `{{$}}` stands. What is handed becomes what TFX wants:

| KFP hands | the executor gets |
|---|---|
| input artifacts without a type | their classes, from the inputs spec |
| an artifact with a true `none` in its metadata | nothing: the input is not there |
| `minio://`, `s3://`, `gs://` URIs | the local copies; the URIs again in what is returned |
| metadata wrapped and booleans as numbers | properties with their types |
| outputs of types `system.*` | nothing; they are KFP's |
| parameters as doubles, wrapped | properties as the inputs spec says: int, float, bool, str, list |
| `--properties {"name": value}` | the property `name` as it is, null, list and dictionary too |

A property that KFP would refuse or change (null, a list, a dictionary, a boolean) is to be in
`--properties`, and not among the task's inputs; what is known when the run starts, not before, is
among the task's inputs. Where both have it, `--properties` wins.

`--module_sha256` is that of the user's module where the pipeline was compiled. A node whose image
has another one fails; and as it is part of the command, KFP's cache forgets what the old one made.

ExampleGen's driver runs here before its executor. Output folders are made, and empty ones are kept
by a marker file that the next node's entrypoint removes. What fails for now is tried again, from
empty outputs. When the node fails, the last line of its log is `ID failed: Cause: text`, and the
exit status is 1.

On SIGTERM our Trainer saves and ends, where the signal reaches it. In KFP's pods it does not: Argo
sends it to its child alone, KFP's launcher (Argo: cmd/argoexec/commands/emissary.go), which ends
at once, and the container with it. What has to survive is saved before: our Trainer's checkpoints,
every few minutes, in the folder of the variable `TFX_UPDATERS_CHECKPOINTS`, which is to outlive
the pod.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.io import fileio
from tfx.orchestration.portable import outputs_utils
from tfx.utils import import_utils

from tfx_updaters.components.causes import cause
from tfx_updaters.kfp import example_gen, modules, mounts, properties
from tfx_updaters.kfp.artifacts import Artifacts, Handed
from tfx_updaters.kfp.errors import HandedError
from tfx_updaters.kfp.transient import trying_again


def main(arguments: Sequence[str]) -> int:
    """Runs a node and returns the exit status; the last line on stderr says what failed."""
    options, beam = _parser().parse_known_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
    # TFX's Beam executors parse the process's arguments as flags of theirs.
    sys.argv = sys.argv[:1]
    try:
        _run(options, beam)
    except (Exception, SystemExit) as error:
        logging.exception("the node failed")
        name = options.node_id or options.executor_class_path.rpartition(".")[2]
        print(f"{name} failed: {cause(error)}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tfx_updaters.kfp.entrypoint", allow_abbrev=False)
    parser.add_argument("--executor_class_path", required=True)
    parser.add_argument("--json_serialized_invocation_args", required=True, type=json.loads)
    parser.add_argument("--json_serialized_inputs_spec_args", default={}, type=json.loads)
    parser.add_argument("--properties", default={}, type=json.loads)
    parser.add_argument("--module_sha256", default="")
    parser.add_argument("--node_id", default="")
    return parser


def _run(options: argparse.Namespace, beam: list[str]) -> None:
    executor_input = options.json_serialized_invocation_args
    spec = options.json_serialized_inputs_spec_args
    executor = import_utils.import_class_by_path(options.executor_class_path)
    handed = Handed(executor_input, spec)
    values = properties.restore(
        executor_input.get("inputs", {}).get("parameterValues", {}), spec, options.properties
    )
    if options.module_sha256:
        modules.check_fingerprint(values["module_path"], options.module_sha256)
    for artifacts in handed.inputs.values():
        for artifact in artifacts:
            mounts.unmark_empty(artifact.uri)
    output_file = Path(executor_input["outputs"]["outputFile"])
    context = _context(executor, beam, output_file.parent)

    def attempt() -> None:
        _empty(handed.outputs)
        resolved = example_gen.drive(executor, values, handed.outputs)
        logging.info("%s with %s", options.executor_class_path, resolved)
        executor(context).Do(handed.inputs, handed.outputs, resolved)

    trying_again(attempt)
    outputs_utils.tag_output_artifacts_with_version(handed.outputs)
    for artifacts in handed.outputs.values():
        for artifact in artifacts:
            mounts.mark_empty(artifact.uri)
    _write(output_file, handed, executor_input["outputs"].get("parameters", {}))


def _context(executor: type, beam: list[str], folder: Path) -> BaseExecutor.Context:
    tmp, name = str(folder / ".temp"), folder.name
    if issubclass(executor, BaseBeamExecutor):
        return BaseBeamExecutor.Context([*beam], tmp_dir=tmp, unique_id=name)
    return BaseExecutor.Context(extra_flags=beam, tmp_dir=tmp, unique_id=name)


def _empty(outputs: Artifacts) -> None:
    """Makes the outputs' folders, as TFX's own launcher does, without what a try before left."""
    left = {
        key: [artifact for artifact in artifacts if fileio.exists(artifact.uri)]
        for key, artifacts in outputs.items()
    }
    outputs_utils.remove_output_dirs(left)
    outputs_utils.make_output_dirs(outputs)


def _write(path: Path, handed: Handed, parameters: Mapping[str, Any]) -> None:
    """Writes KFP's ExecutorOutput; going through its message leaves no unknown field in it."""
    output = {
        "artifacts": handed.returned(),
        "parameterValues": {name: _value(name, handed.outputs) for name in parameters},
    }
    message = json_format.ParseDict(output, pipeline_spec_pb2.ExecutorOutput())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json_format.MessageToJson(message))


def _value(name: str, outputs: Artifacts) -> Any:
    """The value of an output that a later node takes as a property."""
    artifacts = outputs.get(name, [])
    if len(artifacts) != 1 or not hasattr(artifacts[0], "read"):
        raise HandedError(f"output parameter {name}: no output artifact of that name has a value")
    return artifacts[0].read()


if __name__ == "__main__":
    status = main(sys.argv[1:])
    if status:
        # Nothing that runs at an interpreter's end may write after the cause, or wait.
        logging.shutdown()
        sys.stderr.flush()
        os._exit(status)
