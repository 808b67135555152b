"""Beam on this machine, where a node's workers have all that it has."""

import copy
from typing import Any

# An image for remote workers is not used where there are none, but naming one keeps TFX from
# packing its own sources for them, a second for each node.
NO_IMAGE = "--sdk_container_image=none"
LOCAL = ("DirectRunner", "FnApiRunner")
# What says already where TFX is to come from.
SOURCES = ("--extra_package", "--setup_file", "--requirements_file", "--sdk_container_image",
           "--worker_harness_container_image")  # fmt: skip


def context(given: Any) -> Any:
    """A context of a Beam executor, with `NO_IMAGE` if the runner needs none of TFX's sources."""
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

    arguments = getattr(given, "beam_pipeline_args", None)
    if not arguments or any(argument.startswith(SOURCES) for argument in arguments):
        return given
    if PipelineOptions(arguments).view_as(StandardOptions).runner not in LOCAL:
        return given
    changed = copy.copy(given)
    changed.beam_pipeline_args = [*arguments, NO_IMAGE]
    return changed
