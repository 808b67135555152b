"""The fingerprint of an ExampleGen's files, computed by a node before it.

TFX's driver for KFP computes it in a hook that only Vertex AI calls, `lifecycle.preCacheCheck`.
"""

from typing import Any

from tfx.components.example_gen import input_processor, utils
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.proto import example_gen_pb2, range_config_pb2
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.standard_component_specs import (
    INPUT_BASE_KEY,
    INPUT_CONFIG_KEY,
    RANGE_CONFIG_KEY,
)
from tfx.utils import proto_utils

KEY = utils.FINGERPRINT_PROPERTY_NAME
READ = (INPUT_BASE_KEY, INPUT_CONFIG_KEY, RANGE_CONFIG_KEY)


class Executor(BaseExecutor):
    """Writes what changes with the files, span and version that an ExampleGen would read."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Looks at the files as the ExampleGen's own driver does."""
        config, span_range = example_gen_pb2.Input(), None
        proto_utils.json_to_proto(exec_properties[INPUT_CONFIG_KEY], config)
        if exec_properties.get(RANGE_CONFIG_KEY):
            span_range = range_config_pb2.RangeConfig()
            proto_utils.json_to_proto(exec_properties[RANGE_CONFIG_KEY], span_range)
        files = input_processor.FileBasedInputProcessor(
            exec_properties[INPUT_BASE_KEY], config.splits, span_range
        )
        span, version = files.resolve_span_and_version()
        found = files.get_input_fingerprint(span, version)
        get_single_instance(output_dict[KEY]).value = f"span:{span},version:{version}\n{found}"
