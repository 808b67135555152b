"""ImageFolderExampleGen as Kubeflow Pipelines runs it: a process of its own, no driver of TFX."""

from tfx import components as tfx
from tfx.orchestration.pipeline import Pipeline

from tfx_updaters.components import ImageConfig, ImageFolderExampleGen
from tfx_updaters.kfp import local
from tfx_updaters.kfp.compile import compile
from tfx_updaters.kfp.nodes import Claim, NodeConfig

BEAM = ["--runner=FnApiRunner", "--direct_running_mode=in_memory", "--sdk_container_image=none"]


def test_the_newest_span_is_read_there_and_a_change_is_noticed(folder, tmp_path):
    for span in (1, 2):
        names = [f"{label}/{span}-{i}.png" for label in "ab" for i in range(8 + span)]
        folder(*names, at=f"images/span-{span}")
    gen = ImageFolderExampleGen(
        str(tmp_path / "images"), images=ImageConfig(size=(8, 8)), pattern="span-{SPAN}"
    )
    statistics = tfx.StatisticsGen(examples=gen.outputs["examples"])
    pipeline = Pipeline("images", "", components=[gen, statistics], beam_pipeline_args=BEAM,
                        enable_cache=True)  # fmt: skip
    document = tmp_path / "pipeline.yaml"
    volume = NodeConfig(claims=(Claim("work", str(tmp_path)),))
    compile(pipeline, document, images="image", nodes={"*": volume})

    def run():
        done = local.run(document, tmp_path / "kfp")
        examples = done["ImageFolderExampleGen"].made.artifacts["examples"]["metadata"]
        return done["ImageFolderExampleGen"].state, examples

    state, metadata = run()
    assert state == "SUCCEEDED"
    assert metadata["classes"] == '["a", "b"]' and metadata["custom:span"] == 2
    assert run()[0] == "CACHED"
    folder("a/new.png", at="images/span-2")
    assert run()[0] == "SUCCEEDED"
