"""A user's module, as it would lie beside a pipeline: a node that says where it runs."""

import json
import os
import sys

import tensorflow as tf
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputDict
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Model


@component
def Note(model: InputArtifact[Model]) -> OutputDict(text=str):
    """Facts about the process, as JSON."""
    facts = {
        "module": __file__,
        "python": sys.executable,
        "user": os.getuid(),
        "writable": [place for place in ("/", "/opt", "/usr") if os.access(place, os.W_OK)],
        "keras": tf.keras.__version__.partition(".")[0],
        "model": os.listdir(model.uri),
    }
    return {"text": json.dumps(facts)}
