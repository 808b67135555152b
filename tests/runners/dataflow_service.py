"""Google's Dataflow, as Beam's DataflowRunner sees it, where it cannot be reached.

    dataflow_service.py JOBS ARGUMENT ...

is the command `tfx-updaters` with this for the service; the file JOBS gets a line for each job.

All that Beam's runner does to a pipeline before it is sent is done: checks of its options, its
overrides of transforms, key coders, combiners packed. What it would send runs here, on Beam's
runner in memory. Missing is Google's side: workers in containers, and what Google's own runner
makes of the graph. What a client sees of a job is that of apache_beam 2.77's `apiclient` and
`dataflow_runner.DataflowPipelineResult`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

from apache_beam.io.gcp.gcsio import GcsIO
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.portability.common_urns import environments
from apache_beam.runners.dataflow.dataflow_metrics import DataflowMetrics
from apache_beam.runners.dataflow.dataflow_runner import dataflow_api
from apache_beam.runners.dataflow.internal import apiclient
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

# What Google's service asks for, and the image that its workers run.
OPTIONS = (
    "project=some-project", "region=europe-west1", "temp_location=gs://some-bucket/tmp",
    "sdk_container_image=some-registry/worker:1",
)  # fmt: skip
# It refuses a larger request (Google Cloud, Dataflow quotas and limits: 10 MB a job).
MOST_BYTES = 10_000_000


class Client:
    """In place of `apiclient.DataflowApplicationClient`."""

    jobs: ClassVar[list[str]] = []

    def __init__(self, options: Any, root_staging_location: str) -> None:
        assert root_staging_location.startswith("gs://")
        self._options = options

    def create_job(self, job: apiclient.Job) -> Any:
        """Runs what the job would send; the job as it is when it has ended."""
        pipeline = beam_runner_api_pb2.Pipeline.FromString(job.proto_pipeline.SerializeToString())
        assert pipeline.ByteSize() < MOST_BYTES
        for environment in pipeline.components.environments.values():
            docker = beam_runner_api_pb2.DockerPayload.FromString(environment.payload)
            assert docker.container_image == "some-registry/worker:1"
            environment.urn, environment.payload = "beam:env:embedded_python:v1", b""
        assert environments.DOCKER.urn not in str(pipeline.components.environments)
        FnApiRunner().run_via_runner_api(pipeline, self._options).wait_until_finish()
        self.jobs.append(job.proto.name)
        return SimpleNamespace(id="1", current_state=dataflow_api.JobState.JOB_STATE_DONE)


@contextmanager
def serving() -> Iterator[list[str]]:
    """Beam's DataflowRunner sends its jobs here; the names of those that were run."""
    with (
        mock.patch.object(apiclient, "DataflowApplicationClient", Client),
        mock.patch.object(GcsIO, "is_soft_delete_enabled", lambda *_: False),
        mock.patch.object(DataflowMetrics, "query", lambda *_: {}),
        mock.patch.object(Client, "jobs", []),
    ):
        yield Client.jobs


if __name__ == "__main__":
    from tfx_updaters.pipelines.cli.main import main

    with serving() as served:
        try:
            main(sys.argv[2:])
        finally:
            Path(sys.argv[1]).write_text("\n".join(served))
