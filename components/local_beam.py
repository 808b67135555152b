"""Beam on this machine, where a node's workers have all that it has."""

import copy
import os
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


def processors(arguments: Any) -> int:
    """How many processors a worker may use: its share of this machine's, one elsewhere."""
    from apache_beam.options.pipeline_options import (
        DirectOptions,
        PipelineOptions,
        StandardOptions,
    )

    options = PipelineOptions(list(arguments or ()))
    if (options.view_as(StandardOptions).runner or LOCAL[0]) not in LOCAL:
        return 1
    here = os.cpu_count() or 1
    direct = options.view_as(DirectOptions)
    if direct.direct_running_mode in (None, "in_memory"):
        return here
    return max(1, here // (direct.direct_num_workers or here))
