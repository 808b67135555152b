"""TFX packs none of its sources for a node whose workers are on this machine."""

import pytest
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor

from tfx_updaters.components import local_beam
from tfx_updaters.components.evaluator.executor import Executor as Evaluator
from tfx_updaters.components.examples.image_executor import Executor as Images
from tfx_updaters.components.examples.sensor_executor import Executor as Sensors

HERE = ["--runner=FnApiRunner", "--direct_running_mode=in_memory"]


@pytest.mark.parametrize("executor", [Evaluator, Images, Sensors])
def test_nothing_is_packed_here(executor):
    context = BaseBeamExecutor.Context(beam_pipeline_args=HERE)
    found = executor(context)._beam_pipeline_args
    assert found[:3] == [*HERE, local_beam.NO_IMAGE]
    assert not [each for each in found if "extra_package" in each]
    assert context.beam_pipeline_args == HERE


@pytest.mark.parametrize(
    "given",
    [
        ["--runner=PortableRunner", "--job_endpoint=localhost:1"],
        [*HERE, "--sdk_container_image=mine"],
        [*HERE, "--setup_file=./setup.py"],
        [*HERE, "--extra_packages", "mine.tar.gz"],
        [],
    ],
)
def test_what_is_said_already_and_runners_elsewhere_are_left_alone(given):
    context = BaseBeamExecutor.Context(beam_pipeline_args=given)
    assert local_beam.context(context).beam_pipeline_args == given
    assert local_beam.context(None) is None
