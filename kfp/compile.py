"""Any TFX pipeline as a document that open-source Kubeflow Pipelines runs."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path

from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.pipeline import Pipeline
from tfx.utils.name_utils import get_full_name

from tfx_updaters.components.study import executor as study
from tfx_updaters.components.trainer.checkpoint import ROOT
from tfx_updaters.components.trainer.executor import OUR_TRAINING
from tfx_updaters.kfp.document import GRAPH, Placed, document, text
from tfx_updaters.kfp.errors import ConfigError, UnsupportedError, nearest
from tfx_updaters.kfp.lowering import lower
from tfx_updaters.kfp.modules import refuse_local_paths
from tfx_updaters.kfp.names import pipeline_name, task_names
from tfx_updaters.kfp.nodes import NodeConfig
from tfx_updaters.kfp.steps import Program, Step, step

# For all nodes, among the ids.
ALL = "*"
# The stores that KFP's launcher reads and writes.
STORES = ("gs://", "minio://", "s3://")
IMAGES = ("cpu", "gpu")
STUDIES = get_full_name(study.Executor), get_full_name(study.PartExecutor)


def compile(
    pipeline: Pipeline,
    output: str | Path,
    *,
    images: str | Mapping[str, str],
    nodes: Mapping[str, NodeConfig] | None = None,
    pipeline_root: str | None = None,
    exit_handler: BaseNode | None = None,
) -> None:
    """Writes a pipeline as the two YAML documents that KFP 2.16 takes.

    The pipeline stays as it is. The same pipeline gives the same bytes, and nothing of this
    machine is in them. A `module_file` becomes the module of its name, which the image has to
    have on its Python path.

    Args:
        pipeline: of TFX.
        output: the file to write, ending in `.yaml`.
        images: with this package and the pipeline's code: one for all nodes, or by kind: `cpu`,
            and `gpu` for those with a GPU.
        nodes: by id how nodes run, `"*"` for all; what an id's leaves out is taken from `"*"`.
        pipeline_root: an address in a store; none is that of the pipeline if it is one, else the
            cluster's. KFP ignores the one in the document in favour of the cluster's unless a
            run is started with it.
        exit_handler: a node that runs at the end in any case, also after a failure.

    Raises:
        ConfigError: an image, a NodeConfig, or the root cannot be taken.
        UnsupportedError: a node cannot run on KFP. Both say what to do instead.
    """
    if Path(output).suffix not in (".yaml", ".yml"):
        raise ConfigError(f"output: received {output}; KFP loads files that end in .yaml")
    steps = lower(pipeline)
    last = _handler(exit_handler, pipeline) if exit_handler else None
    every = [*steps, last] if last else steps
    names = task_names([*(each.id for each in every), *([GRAPH] if last else [])])
    configs = _configs(every, nodes or {})
    placed = {
        each.id: Placed(
            step=each,
            name=names[each.id],
            image=_image(each, configs[each.id], images),
            config=configs[each.id],
            cache=_cached(each, configs[each.id], pipeline),
        )
        for each in every
    }
    for each in every:
        _warn_of_lost_checkpoints(each, configs[each.id])
        refuse_local_paths(each.id, each.properties, configs[each.id].mounts)
    written = text(
        document(
            pipeline_name(pipeline.pipeline_info.pipeline_name),
            _root(pipeline_root, pipeline),
            [placed[each.id] for each in steps],
            placed[last.id] if last else None,
        )
    )
    Path(output).write_text(written, encoding="utf-8")


def _handler(node: BaseNode, pipeline: Pipeline) -> Step:
    made = step(node, pipeline)
    if list(made.sources):
        raise UnsupportedError(
            f"exit handler '{node.id}': takes an output of '{next(iter(made.sources)).node}', "
            "which may not be there at the end; give it values, or FinalStatusStr()"
        )
    return made


def _configs(steps: list[Step], nodes: Mapping[str, NodeConfig]) -> dict[str, NodeConfig]:
    ids = [each.id for each in steps]
    for name, config in nodes.items():
        if not isinstance(config, NodeConfig):
            raise ConfigError(f"nodes['{name}']: received {config!r}; a NodeConfig is needed")
        if name != ALL and name not in ids:
            raise ConfigError(f"nodes: there is no node '{name}'; {nearest(name, [*ids, ALL])}")
    common = nodes.get(ALL, NodeConfig())
    if common.gpu:
        raise ConfigError(
            f"nodes['{ALL}']: received gpu={common.gpu}, a GPU for every node; name those that "
            "need one, such as the Trainer"
        )
    return {
        each.id: nodes.get(each.id, nodes.get(each.like, NodeConfig())).over(
            each.resources.over(common)
        )
        for each in steps
    }


def _image(step: Step, config: NodeConfig, images: str | Mapping[str, str]) -> str:
    if not isinstance(step.runs, Program):
        return ""
    kind = "gpu" if config.gpu else "cpu"
    if not isinstance(images, str):
        for name in images:
            if name not in IMAGES:
                raise ConfigError(f"images: there is no kind '{name}'; {nearest(name, IMAGES)}")
        images = images.get(kind, "")
    image = config.image or images
    if not image:
        raise ConfigError(
            f"node '{step.id}': has no image; give images={{'{kind}': ...}} or an image in its "
            "NodeConfig"
        )
    return image


def _cached(step: Step, config: NodeConfig, pipeline: Pipeline) -> bool:
    if config.cache is not None:
        return config.cache
    return bool(pipeline.enable_cache) and not step.stale


def _warn_of_lost_checkpoints(step: Step, config: NodeConfig) -> None:
    """A pod that is tried again is a new one: what a node kept in the one before is gone."""
    if config.retry is None or ROOT in config.env or not (first := _goes_on(step)):
        return
    warnings.warn(
        f"node '{step.id}': a retry begins with the first {first}, as what was kept is lost with "
        f"the pod; to go on: NodeConfig(env={{'{ROOT}': '/volume/checkpoints'}}, "
        "claims=(Claim('name of a claim', '/volume'),))",
        stacklevel=3,
    )


def _goes_on(step: Step) -> str:
    """What a node that was killed does not repeat, if what it keeps is still there."""
    if isinstance(step.runs, Program) and step.runs.executor in STUDIES:
        return "trial"
    if step.properties.get("run_fn") != OUR_TRAINING:
        return ""
    configured = json.loads(step.properties["custom_config"])["training"]["checkpoint_dir"]
    return "" if configured else "step"


def _root(given: str | None, pipeline: Pipeline) -> str | None:
    """The root for the document: what was given, or the pipeline's own if it is in a store."""
    if given is not None and not given.startswith(STORES):
        raise ConfigError(
            f"pipeline_root: received {given!r}; an address in a store is needed: "
            f"{' or '.join(STORES)}"
        )
    own = pipeline.pipeline_info.pipeline_root
    return given or (own if isinstance(own, str) and own.startswith(STORES) else None)
