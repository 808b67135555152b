"""SensorExampleGen: CSV and Parquet time series as windows, a TFX component."""

import json
from collections.abc import Mapping
from typing import Any

from tfx.components.example_gen.component import FileBasedExampleGen
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2, range_config_pb2

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.examples.records import SPLITS
from tfx_updaters.components.examples.sensor_executor import KEY, Executor
from tfx_updaters.components.examples.sensor_windows import Windows


class SensorExampleGen(FileBasedExampleGen):
    """Cuts time series into labelled windows, in the splits `train` and `eval`.

    Output `examples`: standard Examples with the features `window` (length x channels floats, time
    step by time step), `label` (int64), `group` (the name of the series), `start` and `end` (int64,
    the nanoseconds of the first and the last step). The artifact has the custom properties
    `window_shape`, `channels` and `classes`, as JSON, and a file `windows.json` beside its splits
    with the windows by split and class, and what was dropped for which reason.
    """

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        input_base: str | None = None,
        *,
        windows: Windows | Mapping[str, Any],
        input_config: example_gen_pb2.Input | RuntimeParameter | None = None,
        range_config: range_config_pb2.RangeConfig | RuntimeParameter | None = None,
    ):
        """Arguments that are not named here are those of TFX's file-based ExampleGens.

        Args:
            windows: what is read and how it is cut; checked here.
            input_config: one split, whose pattern says which files of `input_base` are read, with
                `{SPAN}`, `{VERSION}` or dates in it; all files without it.

        Raises:
            ArgumentError: `windows` is refused, or `input_config` has several splits.
        """
        config = windows if isinstance(windows, Windows) else Windows.from_json(windows)
        if isinstance(input_config, example_gen_pb2.Input) and len(input_config.splits) != 1:
            named = ", ".join(split.name for split in input_config.splits) or "none"
            raise ArgumentError(
                f"input_config: received the splits {named}; one is needed, whose series "
                "Windows(split=...) distributes to train and eval"
            )
        splits = [example_gen_pb2.SplitConfig.Split(name=name, hash_buckets=1) for name in SPLITS]
        super().__init__(
            input_base=input_base,
            input_config=input_config,
            output_config=example_gen_pb2.Output(
                split_config=example_gen_pb2.SplitConfig(splits=splits)
            ),
            range_config=range_config,
        )
        # An execution property, so that TFX makes new examples when it changes.
        self.exec_properties[KEY] = json.dumps(config.to_json(), sort_keys=True)
