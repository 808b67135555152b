"""What may be chosen for images, and what is refused at once."""

import json

import pytest

from tfx_updaters.components import ArgumentError, ImageConfig, ImageFolderExampleGen


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"size": (0, 4)}, "size: received"),
        ({"size": 28}, "size: received 28"),
        ({"size": (28,)}, "height, width"),
        ({"resize": "crp"}, "did you mean 'crop'"),
        ({"channels": 4}, "allowed are 1, 3"),
        ({"channels": True}, "allowed are 1, 3"),
        ({"encoding": "jpeg"}, "allowed are png, float"),
        ({"max_skipped": -1}, "0 or more"),
        ({"labels": "../labels.csv"}, "inside of the folder"),
        ({"labels": "/labels.csv"}, "inside of the folder"),
        ({"labels": "labels.xlsx"}, ".csv or .jsonl"),
        ({"max_skiped": 1}, "did you mean 'max_skipped'"),
    ],
)
def test_what_cannot_be_taken_is_refused(values, expected):
    with pytest.raises(ArgumentError, match=expected):
        ImageConfig.from_json(values)


def test_json_and_back():
    config = ImageConfig(size=(28, 32), resize="pad", channels=1, labels="l.csv", max_skipped=3)
    assert ImageConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"input_base": "gs://bucket/images"}, "mount the store"),
        ({"input_base": "images", "pattern": "../span-{SPAN}"}, "a folder in input_base"),
        ({"input_base": "images", "images": {"size": [1, 1]}}, "an ImageConfig is needed"),
    ],
)
def test_the_node_refuses_what_it_cannot_take(arguments, expected):
    with pytest.raises(ArgumentError, match=expected):
        ImageFolderExampleGen(**arguments)
