"""The node ImageFolderExampleGen: a folder of images as the examples of a TFX pipeline."""

import json

from tfx.components.example_gen.component import FileBasedExampleGen
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2, range_config_pb2

from tfx_updaters.components.errors import ArgumentError
from tfx_updaters.components.examples.image_config import ImageConfig
from tfx_updaters.components.examples.image_executor import KEY, Executor
from tfx_updaters.components.examples.image_plan import BUCKETS

# How deep TFX's driver looks for changed files: a class in a split, and a folder in it.
DEPTH = 4
# In a span each pattern has to match something: there are the classes, and what is in them.
DEPTH_IN_SPAN = 2


class ImageFolderExampleGen(FileBasedExampleGen):
    """Examples of a folder of images.

    The class of an image is the folder that it lies in, or what a list of labels says. Folders
    `train/` and `eval/` (or `val/`, `valid/`, `validation/`, `test/`) at the top are the splits;
    without them the content of an image decides, four to one. Copies and near-copies are never on
    both sides.

    Outputs `examples`: the features `image` and `label`, and three files beside the splits:
    `images.json` (names of the classes, of which a label is the place; counts by class and split;
    the shape), `skipped.jsonl` (each file that is left out, and why) and `copies.jsonl` (each group
    of near-copies). The artifact has the custom properties `classes` (a JSON list), `skipped` and
    `copies` (how many).
    """

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        *,
        images: ImageConfig | None = None,
        pattern: str | None = None,
        output_config: example_gen_pb2.Output | None = None,
        range_config: range_config_pb2.RangeConfig | RuntimeParameter | None = None,
    ):
        """Takes a folder that every worker of Beam can open as a file system.

        Args:
            input_base: the folder.
            images: what an example holds, and what may be left out.
            pattern: the folder in it with the classes or splits, as `span-{SPAN}`,
                `{YYYY}-{MM}-{DD}` or `span-{SPAN}/v{VERSION}`: the newest span and version are
                taken, as by TFX's ExampleGens. A span is looked through two folders deep for
                changes: what is added to one of splits should get a new version.
            output_config: names and shares of the splits where the content decides.
            range_config: which span, if not the newest.

        Raises:
            ArgumentError: one of them cannot be taken.
        """
        images = images or ImageConfig()
        if not isinstance(images, ImageConfig):
            raise ArgumentError(f"images: received {images!r}; an ImageConfig is needed")
        _check_base(input_base)
        super().__init__(
            input_base=input_base,  # pyright: ignore[reportArgumentType]
            input_config=_watched(pattern),
            output_config=output_config or _default_output(),
            range_config=range_config,
        )
        # A property of its own: changed, the examples are made anew.
        self.exec_properties[KEY] = json.dumps(images.to_json(), sort_keys=True)


def _check_base(input_base: str | RuntimeParameter) -> None:
    if isinstance(input_base, str) and "://" in input_base:
        raise ArgumentError(
            f"input_base: received {input_base!r}; a folder that can be opened as a file system is "
            "needed: mount the store"
        )


def _watched(pattern: str | None) -> example_gen_pb2.Input:
    """The files whose changes make the fingerprint another one, a pattern for each depth."""
    prefix = f"{pattern.strip('/')}/" if pattern else ""
    if ".." in prefix.split("/"):
        raise ArgumentError(f"pattern: received {pattern!r}; a folder in input_base is needed")
    depth = DEPTH_IN_SPAN if "{" in prefix else DEPTH
    return example_gen_pb2.Input(
        splits=[
            example_gen_pb2.Input.Split(name=f"depth-{n}", pattern=prefix + "/".join("*" * n))
            for n in range(1, depth + 1)
        ]
    )


def _default_output() -> example_gen_pb2.Output:
    return example_gen_pb2.Output(
        split_config=example_gen_pb2.SplitConfig(
            splits=[
                example_gen_pb2.SplitConfig.Split(name=name, hash_buckets=share)
                for name, share in BUCKETS.items()
            ]
        )
    )
