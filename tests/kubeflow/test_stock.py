"""What TFX's own compiler writes, in the local run: it fails as on the real backend."""

import pytest
from made import main
from tfx import components as tfx
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner as stock
from tfx.orchestration.pipeline import Pipeline
from tfx.types import Channel, standard_artifacts

from tfx_updaters.kfp import local
from tfx_updaters.kfp.errors import DocumentError, RunFailedError


def compiled(pipeline: Pipeline, folder, *, newest: bool):
    config = stock.KubeflowV2DagRunnerConfig(default_image="image", use_pipeline_spec_2_1=newest)
    runner = stock.KubeflowV2DagRunner(config, str(folder), "pipeline.yaml")
    runner.run(pipeline, write_out=True)
    return folder / "pipeline.yaml"


def test_its_default_is_of_another_schema_version(tmp_path):
    with pytest.raises(DocumentError, match=r"schema version '2.0.0', which the backend rejects"):
        local.run(compiled(main(), tmp_path, newest=False), tmp_path / "root")


def test_its_names_are_not_those_that_argo_takes(tmp_path):
    with pytest.raises(DocumentError, match=r"'latest_blessed_model_resolver-.*': Argo takes"):
        local.run(compiled(main(), tmp_path, newest=True), tmp_path / "root")


def test_its_resolver_is_no_container(tmp_path):
    resolver = Resolver(
        strategy_class=LatestArtifactStrategy, model=Channel(type=standard_artifacts.Model)
    ).with_id("find")
    pipeline = Pipeline("stock", "minio://bucket/root", components=[resolver])
    with pytest.raises(DocumentError, match="resolver; the backend runs container and importer"):
        local.run(compiled(pipeline, tmp_path, newest=True), tmp_path / "root")


def test_its_entrypoint_does_not_know_what_the_backend_adds(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/rows.csv").write_text("a,b\n1,2\n")
    example_gen = tfx.CsvExampleGen(str(tmp_path / "data"))
    pipeline = Pipeline("stock", "minio://bucket/root", components=[example_gen])
    with pytest.raises(RunFailedError) as caught:
        local.run(compiled(pipeline, tmp_path, newest=True), tmp_path / "root")
    log = caught.value.run["CsvExampleGen"].logs[-1].read_text()
    assert "system.Artifact" in log
