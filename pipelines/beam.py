"""Where a pipeline's Beam nodes run: in this process, or on a runner, by Beam's own options."""

import argparse
import difflib
from collections.abc import Iterable, Sequence

from tfx_updaters.components.local_beam import NO_IMAGE
from tfx_updaters.pipelines.errors import BeamOptionError, RunError

# The runner that keeps small data in this process; Beam's default one may download another.
IN_MEMORY = ("--runner=FnApiRunner", "--direct_running_mode=in_memory", NO_IMAGE)
# By the names for `--beam-runner`.
RUNNERS = {
    "in_memory": IN_MEMORY[:2],
    "multi_processing": ("--runner=FnApiRunner", "--direct_running_mode=multi_processing"),
    "portable": ("--runner=PortableRunner",),
    "flink": ("--runner=FlinkRunner",),
    "spark": ("--runner=SparkRunner",),
    "dataflow": ("--runner=DataflowRunner",),
}
ON_THIS_MACHINE = ("in_memory", "multi_processing")
ANSWERS_WITHIN = 12  # seconds to be reached, and as many to answer


def arguments(runner: str, options: Iterable[str] = ()) -> tuple[str, ...]:
    """Beam's arguments for the nodes of a pipeline.

    Args:
        runner: one of `RUNNERS`.
        options: of Beam and of the runner's job server, each `NAME=VALUE`, or `NAME` for a switch.

    Raises:
        BeamOptionError: an option that neither knows, a value that it does not take, a missing
            one, or one that the runner's name stands for.
        RunError: a job server that does not answer.
    """
    given = [f"--{option}" for option in options]
    if not given and runner == "in_memory":
        return IN_MEMORY
    parsed, unknown = _parsed(given)
    if any(name in ("runner", "direct_running_mode") for name in map(_name, given)):
        raise BeamOptionError("--beam-runner says where Beam runs; no --beam-option does")
    server = _of_job_server(parsed.job_endpoint) if parsed.job_endpoint else ()
    for option in unknown:
        if _name(option) not in server:
            near = difflib.get_close_matches(_name(option), [*vars(parsed), *server], n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise BeamOptionError(f"Beam has no option '{_name(option)}' for {runner}{hint}")
    if runner == "portable" and not parsed.job_endpoint:
        raise BeamOptionError(
            "--beam-runner portable needs the address of a job server: "
            "--beam-option job_endpoint=localhost:8099"
        )
    image = [] if parsed.sdk_container_image else _no_image(runner, parsed.environment_type)
    return (*RUNNERS[runner], *image, *given)


def _name(option: str) -> str:
    return option.removeprefix("--").partition("=")[0]


def _parsed(given: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """All options that Beam's Python SDK has, with those given; and those that it does not know."""
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(
        add_help=False, allow_abbrev=False, exit_on_error=False, conflict_handler="resolve"
    )
    for kind in PipelineOptions.__subclasses__():
        kind._add_argparse_args(parser)  # pyright: ignore[reportArgumentType]
    for option in given:
        if option.count("--") != 1 or not _name(option):
            raise BeamOptionError(f"--beam-option {option[2:]!r}: NAME=VALUE or NAME is needed")
    try:
        return parser.parse_known_args(list(given))
    except argparse.ArgumentError as error:
        raise BeamOptionError(f"--beam-option: {error}") from error


def _of_job_server(endpoint: str) -> set[str]:
    """The options that the job server takes besides, which also shows that it is one."""
    import grpc
    from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

    try:
        with grpc.insecure_channel(endpoint) as channel:
            grpc.channel_ready_future(channel).result(timeout=ANSWERS_WITHIN)
            said = beam_job_api_pb2_grpc.JobServiceStub(channel).DescribePipelineOptions(
                beam_job_api_pb2.DescribePipelineOptionsRequest(), timeout=ANSWERS_WITHIN
            )
    except grpc.FutureTimeoutError as error:
        raise RunError(
            f"no Beam job server answers at {endpoint}, in {ANSWERS_WITHIN} s"
        ) from error
    except grpc.RpcError as error:
        raise RunError(f"what answers at {endpoint} is no Beam job server: {error}") from error
    return {option.name for option in said.options}


def _no_image(runner: str, environment: str | None) -> list[str]:
    if runner in ON_THIS_MACHINE or environment in ("LOOPBACK", "PROCESS", "EXTERNAL"):
        return [NO_IMAGE]
    raise BeamOptionError(
        f"the workers of {runner} run in containers: name an image with Beam's boot program and "
        "this package (--beam-option sdk_container_image=...), or run them elsewhere "
        "(--beam-option environment_type=LOOPBACK, PROCESS or EXTERNAL)"
    )
