"""ExampleGen's driver, which Kubeflow Pipelines does not run, in the executor's process.

The driver finds the newest span and version of the input and its fingerprint; TFX puts it into
the container's `lifecycle.preCacheCheck`, which KFP's backend ignores.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx.components.example_gen import driver
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.orchestration.data_types import ComponentInfo, PipelineInfo
from tfx.types import standard_component_specs
from tfx.types.artifact import Artifact


def drive(
    executor: type, properties: Mapping[str, Any], outputs: Mapping[str, Sequence[Artifact]]
) -> dict[str, Any]:
    """The properties with span, version, fingerprint and the patterns of the input's files.

    Those also go onto the Examples artifact. Nodes whose executor generates no examples keep
    their properties.
    """
    if not issubclass(executor, BaseExampleGenExecutor):
        return dict(properties)
    from_files = properties.get(standard_component_specs.INPUT_BASE_KEY)
    kind = driver.FileBasedDriver if from_files else driver.QueryBasedDriver
    pipeline: Any = PipelineInfo("", "")  # What the driver asks for and does not use.
    nothing: Any = None
    resolved = kind(nothing).resolve_exec_properties(
        dict(properties), pipeline, ComponentInfo("", "", pipeline)
    )
    for examples in outputs[standard_component_specs.EXAMPLES_KEY]:
        driver.update_output_artifact(resolved, examples.mlmd_artifact)
    return resolved
