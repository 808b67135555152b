"""How many examples the Evaluator takes at once."""

import pytest
import tensorflow as tf

from tfx_updaters.components.evaluator.batches import batch_size


@pytest.mark.parametrize(
    ("size", "expected"), [(0, 2048), (300, 2048), (10_000, 512), (600_000, 8), (20_000_000, 1)]
)
@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_large_examples_come_in_small_batches(tmp_path, size, expected, compression):
    path = tmp_path / f"data-00000-of-00001{'.gz' if compression else ''}"
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        writer.write(bytes(size))
    assert batch_size(str(tmp_path / "*")) == expected


def test_the_first_file_that_has_an_example_decides(tmp_path):
    for number, sizes in enumerate([[], [600_000, 300], [300]]):
        with tf.io.TFRecordWriter(str(tmp_path / f"data-0000{number}-of-00003")) as writer:
            for size in sizes:
                writer.write(bytes(size))
    assert batch_size(str(tmp_path / "*")) == 8


def test_files_without_examples_need_no_batches(tmp_path):
    assert batch_size(str(tmp_path / "*")) == 2048
