"""Files of sensor series to windows as examples, on Beam."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from absl import logging
from apache_beam.pvalue import AsSingleton, PCollection
from tfx import types
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from tfx_updaters.components import local_beam
from tfx_updaters.components.errors import DataError
from tfx_updaters.components.examples import sensor_counts, sensor_files, splits
from tfx_updaters.components.examples.records import COUNTS, SPLITS
from tfx_updaters.components.examples.sensor_counts import Counts
from tfx_updaters.components.examples.sensor_cut import Cut, cut
from tfx_updaters.components.examples.sensor_files import Piece
from tfx_updaters.components.examples.sensor_record import examples as to_examples
from tfx_updaters.components.examples.sensor_series import joined
from tfx_updaters.components.examples.sensor_windows import Windows

KEY = "windows"
Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExampleGenExecutor):
    """The executor of `tfx_updaters.components.SensorExampleGen`."""

    def __init__(self, context: Any = None):
        """Takes TFX's context; workers on this machine need no sources of TFX."""
        super().__init__(local_beam.context(context))

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Writes the examples, and the counts beside them.

        Raises:
            DataError: a file or a series cannot be used, or they give no data to train and judge
                on. Nothing was written then.
        """
        examples = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.EXAMPLES_KEY]
        )
        path = os.path.join(examples.uri, COUNTS)
        self._log_startup(input_dict, output_dict, exec_properties)
        windows = Windows.from_json(json.loads(exec_properties[KEY]))
        files = _files(exec_properties)
        splits.describe(examples, SPLITS)
        with splits.temporary(examples) as folder, self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | ToWindows(files, windows, path)
                | splits.WriteSplits(splits.folders(examples), folder)
            )
        with fileio.open(path) as file:
            found = json.loads(file.read())
        for name in ("classes", "channels"):
            examples.set_string_custom_property(name, json.dumps(found[name], ensure_ascii=False))
        examples.set_string_custom_property("window_shape", json.dumps(found["shape"]))
        logging.info(sensor_counts.sentence(found))

    def GetInputSourceToExamplePTransform(self) -> beam.PTransform:
        """Not used: the split of a window depends on its series."""
        raise NotImplementedError


class ToWindows(beam.PTransform):
    """Files to (split, serialized example); the counts to `windows.json`.

    A series is joined, cut and written as one element, so that a worker has one in memory at a
    time. No example is made before all series were read and their counts have passed. It is cut
    twice, to count and to write, so that none waits for the others in between.
    """

    def __init__(self, files: Sequence[tuple[str, str]], windows: Windows, counts_path: str):
        """Reads the files twice.

        Args:
            files: the path of each, and its name under the base folder.
            windows: what is read of them.
            counts_path: where the counts go.
        """
        super().__init__()
        self.files, self.windows, self.counts_path = files, windows, counts_path

    def expand(self, input_or_inputs: Any) -> PCollection:
        """The graph: files -> series -> cuts -> counts; files -> series -> cuts -> examples."""
        windows, path = self.windows, self.counts_path
        files = input_or_inputs | beam.Create(self.files) | "SpreadFiles" >> beam.Reshuffle()
        if windows.group is None:
            series, to_cuts = files, _read_and_cut
        else:
            pieces = files | "ReadPieces" >> beam.FlatMap(_pieces, windows)
            series, to_cuts = pieces | "GroupSeries" >> beam.GroupByKey(), _cut
        counts = (
            series
            | "Cut" >> beam.FlatMap(to_cuts, windows)
            | "Count" >> beam.Map(Counts.of, windows)
            | "Add" >> beam.CombineGlobally(Counts.together)
        )
        classes = counts | "Check" >> beam.Map(sensor_counts.classes, windows)
        _ = (
            counts
            | "Describe" >> beam.Map(sensor_counts.dumps, windows)
            | "WriteCounts" >> beam.Map(_write, path)
        )
        # Cut in the same step, or Beam would keep all cuts until the classes are known.
        return series | "ToExamples" >> beam.FlatMap(
            _examples, to_cuts, windows, AsSingleton(classes)
        )


def _files(exec_properties: dict[str, Any]) -> list[tuple[str, str]]:
    """The path of each file, and its name under the base folder."""
    config = example_gen_pb2.Input()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.INPUT_CONFIG_KEY], config)
    base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
    pattern = config.splits[0].pattern
    paths: list[Any] = sorted(fileio.glob(os.path.join(base, pattern)))
    # What begins so are marks and leftovers of other programs.
    paths = [path for path in paths if os.path.basename(path)[:1] not in "._"]
    if not paths:
        raise DataError(f"no file matches '{pattern}' in {base}")
    for path in paths:
        if fileio.isdir(path):
            raise DataError(f"{path} is a folder; '*/*.csv' as the pattern reads those in folders")
        sensor_files.check_name(path)
    start = base.rstrip("/") + "/"
    return [(path, path.removeprefix(start)) for path in paths]


def _pieces(file: tuple[str, str], windows: Windows) -> Iterator[tuple[str, Piece]]:
    return sensor_files.read(*file, windows)


def _read_and_cut(file: tuple[str, str], windows: Windows) -> Iterator[Cut]:
    """A file that is one series."""
    return _cut((file[1], [piece for _, piece in _pieces(file, windows)]), windows)


def _cut(series: tuple[str, Iterable[Piece]], windows: Windows) -> Iterator[Cut]:
    name, pieces = series[0], list(series[1])
    if pieces:  # A file may have a header only.
        yield cut(joined(name, pieces), windows)


def _examples(
    series: Any, to_cuts: Callable[..., Iterator[Cut]], windows: Windows, classes: tuple[str, ...]
) -> Iterator[tuple[str, bytes]]:
    for made in to_cuts(series, windows):
        yield from to_examples(made, windows, classes)


def _write(text: str, path: str) -> None:
    fileio.makedirs(os.path.dirname(path))
    with fileio.open(path, "w") as file:
        file.write(text)
