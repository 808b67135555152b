"""ImageFolderExampleGen in pipelines of TFX: what comes out, the cache, spans, nodes after it."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from drawn import picture
from ml_metadata import MetadataStore
from PIL import Image
from tfx import components as tfx
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import example_gen_pb2, range_config_pb2
from tfx.utils import io_utils

from tfx_updaters.components import ImageConfig, ImageFolderExampleGen
from tfx_updaters.components.examples import image_files, image_mixed
from tfx_updaters.components.examples.image_files import File

BEAM = ["--runner=FnApiRunner", "--direct_running_mode=in_memory", "--sdk_container_image=none"]


class Runs:
    """Runs of one pipeline in one root, and what its metadata store says of them."""

    def __init__(self, root: Path):
        self.root = root
        self.connection = sqlite_metadata_connection_config(str(root / "metadata.sqlite"))

    def __call__(self, gen: ImageFolderExampleGen, *others) -> str:
        """Runs it; the state of the ExampleGen's execution, `COMPLETE` or `CACHED`."""
        LocalDagRunner().run(
            Pipeline("images", str(self.root / "artifacts"), self.connection,
                     components=[gen, *others], enable_cache=True, beam_pipeline_args=BEAM)
        )  # fmt: skip
        store = MetadataStore(self.connection)
        executions = [
            e for e in store.get_executions()
            if "Folder" in store.get_execution_types_by_id([e.type_id])[0].name
        ]  # fmt: skip
        newest = max(executions, key=lambda e: e.id)
        return {3: "COMPLETE", 5: "CACHED"}[newest.last_known_state]

    def artifact(self, kind: str = "Examples"):
        return MetadataStore(self.connection).get_artifacts_by_type(kind)[-1]

    def examples(self) -> dict[str, list]:
        """The features of each example by split."""
        found = {}
        artifact = self.artifact()
        for split in json.loads(artifact.properties["split_names"].string_value):
            paths = [str(p) for p in Path(artifact.uri).glob(f"Split-{split}/*")]
            found[split] = [
                tf.train.Example.FromString(record.numpy()).features.feature
                for record in tf.data.TFRecordDataset(paths, "GZIP")
            ]
        return found

    def written(self, name: str) -> str:
        return (Path(self.artifact().uri) / name).read_text()


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


KINDS = ("png", "jpg", "webp", "bmp", *["png"] * 6)
NAMES = [f"{name}/{i} ä.{kind}" for name in ("cat", "dog") for i, kind in enumerate(KINDS)]


def test_a_folder_becomes_examples_that_stock_nodes_take_and_the_cache_knows(folder, runs):
    root = folder(*NAMES)
    (root / "cat" / "text.png").write_text("no image")
    (root / "dog" / "copy.png").write_bytes((root / "dog" / "4 ä.png").read_bytes())
    config = ImageConfig(size=(10, 12), max_skipped=1)

    def nodes():
        gen = ImageFolderExampleGen(str(root), images=config)
        statistics = tfx.StatisticsGen(examples=gen.outputs["examples"])
        schema = tfx.SchemaGen(statistics=statistics.outputs["statistics"])
        return gen, statistics, schema

    assert runs(*nodes()) == "COMPLETE"
    examples = runs.examples()
    assert set(examples) == {"train", "eval"}
    rows = examples["train"] + examples["eval"]
    assert len(rows) == 21 and examples["eval"]
    labels = sorted(row["label"].int64_list.value[0] for row in rows)
    assert labels == [0] * 10 + [1] * 11
    for row in rows:
        (image,) = row["image"].bytes_list.value
        assert np.asarray(Image.open(io.BytesIO(image))).shape == (10, 12, 3)
    artifact = runs.artifact()
    assert json.loads(runs.written("images.json"))["shape"] == [10, 12, 3]
    assert json.loads(artifact.custom_properties["classes"].string_value) == ["cat", "dog"]
    assert artifact.custom_properties["skipped"].int_value == 1
    assert artifact.custom_properties["payload_format"].string_value == "FORMAT_TF_EXAMPLE"
    assert "text.png" in json.loads(runs.written("skipped.jsonl"))["file"]
    assert json.loads(runs.written("copies.jsonl"))["files"] == ["dog/4 ä.png", "dog/copy.png"]
    schema = io_utils.SchemaReader().read(runs.artifact("Schema").uri + "/schema.pbtxt")
    assert {feature.name for feature in schema.feature} == {"image", "label"}

    assert runs(*nodes()) == "CACHED"
    changed = root / "dog" / "5 ä.png"
    picture(77).save(changed)
    os.utime(changed, (1, 1))
    assert runs(*nodes()) == "COMPLETE"
    picture(78).save(root / "dog" / "new.png")
    assert runs(*nodes()) == "COMPLETE"
    assert sum(map(len, runs.examples().values())) == 22


def test_floats_are_the_pixels(folder, runs):
    root = folder("train/a/0.png", "train/b/1.png", "val/a/2.png", "val/b/3.png", channels=1)
    runs(ImageFolderExampleGen(str(root), images=ImageConfig(encoding="float")))
    examples = runs.examples()
    assert {split: len(rows) for split, rows in examples.items()} == {"train": 2, "eval": 2}
    for row in examples["eval"]:
        label = row["label"].int64_list.value[0]
        expected = np.asarray(picture(2 + label, channels=1)).reshape(-1)
        np.testing.assert_array_equal(row["image"].float_list.value, expected)


def test_lots_of_any_size_hold_each_image_once_in_an_order_without_classes(
    folder, runs, monkeypatch
):
    monkeypatch.setattr(image_files, "LEAST_FILES", 7)
    monkeypatch.setattr(image_mixed, "MOST_IMAGES", 11)
    monkeypatch.setattr(image_mixed, "AT_ONCE", 20)
    names = [f"{label}/{n}.png" for label in "ab" for n in range(30)]
    root = folder(*names, channels=1)
    runs(ImageFolderExampleGen(str(root)))
    uri = Path(runs.artifact().uri)
    assert {path.name for path in uri.iterdir()} == {
        "Split-train", "Split-eval", "images.json", "skipped.jsonl", "copies.jsonl",
    }  # fmt: skip
    found = runs.examples()
    for split, rows in found.items():
        count = -(-len(rows) // 11)
        files = sorted(path.name for path in uri.glob(f"Split-{split}/*"))
        assert files == [f"data_tfrecord-{n:05}-of-{count:05}.gz" for n in range(count)]
    images = [row["image"].bytes_list.value[0] for rows in found.values() for row in rows]
    assert sorted(images) == sorted((root / name).read_bytes() for name in names)
    labels = [row["label"].int64_list.value[0] for row in found["train"]]
    assert np.count_nonzero(np.diff(labels)) > 10


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 1000, 20_000, 200_000])
def test_lots_of_files_are_neither_too_few_nor_too_large(count):
    files = image_files.Files.of(File(f"a/{n}.png", "a", "train") for n in range(count))
    assert len(files) == count
    assert [file.path for file in files] == [f"a/{n}.png" for n in range(count)]
    lots = [len(image_files.opened(lot)) for lot in files.lots]
    assert len(lots) >= min(count / 16, 64)
    assert max(lots, default=0) <= 1024
    assert all(lot <= max(16, count // 64) for lot in lots)


def test_files_of_many_bytes_come_in_more_lots(folder, runs, monkeypatch):
    monkeypatch.setattr(image_mixed, "MOST_BYTES", 20_000)
    names = [f"{label}/{n}.png" for label in "ab" for n in range(30)]
    root = folder(*names, channels=3)
    length = sum((root / name).stat().st_size for name in names)
    assert length > 60_000
    runs(ImageFolderExampleGen(str(root)))
    files = list(Path(runs.artifact().uri).glob("Split-*/*.gz"))
    assert length / 20_000 <= len(files) <= length / 20_000 + 3


def test_the_newest_span_and_version_are_taken_and_told(folder, runs):
    for span, version in ((1, 1), (2, 1), (2, 3)):
        names = [f"{label}/{span}{version}{i}.png" for label in "ab" for i in range(8 + version)]
        folder(*names, at=f"images/span-{span}/v{version}")
    root = str(runs.root / "images")
    pattern = "span-{SPAN}/v{VERSION}"
    runs(ImageFolderExampleGen(root, pattern=pattern))
    assert sum(map(len, runs.examples().values())) == 22
    properties = runs.artifact().custom_properties
    assert (properties["span"].int_value, properties["version"].int_value) == (2, 3)
    first = range_config_pb2.RangeConfig(
        static_range=range_config_pb2.StaticRange(start_span_number=1, end_span_number=1)
    )
    runs(ImageFolderExampleGen(root, pattern=pattern, range_config=first))
    assert sum(map(len, runs.examples().values())) == 18


def test_a_list_of_labels_and_splits_of_ones_own(folder, runs):
    names = [f"{i}.png" for i in range(60)]
    root = folder(*names)
    rows = "".join(f"{name},{'odd' if i % 2 else 'even'}\n" for i, name in enumerate(names))
    (root / "labels.csv").write_text("file,label\n" + rows)
    output = example_gen_pb2.Output()
    for name, buckets in (("train", 2), ("eval", 1), ("test", 1)):
        output.split_config.splits.add(name=name, hash_buckets=buckets)
    config = ImageConfig(labels="labels.csv")
    assert runs(ImageFolderExampleGen(str(root), images=config, output_config=output)) == "COMPLETE"
    counts = {split: len(rows) for split, rows in runs.examples().items()}
    assert set(counts) == {"train", "eval", "test"} and sum(counts.values()) == 60
    text = (root / "labels.csv").read_text().replace("0.png,even", "0.png,odd")
    (root / "labels.csv").write_text(text)
    assert runs(ImageFolderExampleGen(str(root), images=config, output_config=output)) == "COMPLETE"


def test_shares_for_a_folder_with_splits_of_its_own_are_refused(folder, runs):
    root = folder("train/a/0.png", "train/b/1.png", "val/a/2.png", "val/b/3.png")
    output = example_gen_pb2.Output()
    output.split_config.splits.add(name="train", hash_buckets=9)
    output.split_config.splits.add(name="eval", hash_buckets=1)
    with pytest.raises(Exception, match="leave it out"):
        runs(ImageFolderExampleGen(str(root), output_config=output))


def test_a_folder_that_is_refused_leaves_nothing_and_says_why(folder, runs):
    root = folder("a/1.png", "b/2.png")
    (root / "a" / "text.png").write_text("no image")
    with pytest.raises(Exception, match=r"1 files cannot be used, 0 may be skipped: a/text.png"):
        runs(ImageFolderExampleGen(str(root)))
    assert not list(runs.root.glob("artifacts/*/examples/*"))
