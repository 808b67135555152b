"""The artifacts of studies: a finished one with the updater that it chose, and trials of one."""

import json

import tensorflow as tf
from tfx.types import artifact

from tfx_updaters.components.errors import StudyError
from tfx_updaters.components.study.files import RESULT


class Study(artifact.Artifact):
    """A finished study: `result.json`, and `report.html` for people.

    Properties: `winner`, the arm that was chosen, and `updater`, the JSON of its updater with the
    learning rate that was tuned.
    """

    TYPE_NAME = "Study"
    PROPERTIES = {  # noqa: RUF012
        "winner": artifact.Property(type=artifact.PropertyType.STRING),
        "updater": artifact.Property(type=artifact.PropertyType.STRING),
    }


class StudyTrials(artifact.Artifact):
    """Trials of some updaters of a study: `study.json`, which says of which one, and `trials/`."""

    TYPE_NAME = "StudyTrials"


def chosen(study: artifact.Artifact) -> str:
    """The JSON of the updater that a study chose.

    It is read from the file: a platform may hand on no properties.

    Raises:
        StudyError: the artifact is no study that chose one.
    """
    path = f"{study.uri}/{RESULT}"
    try:
        with tf.io.gfile.GFile(path) as file:
            return json.dumps(json.loads(file.read())["winner"]["updater"])
    except (tf.errors.OpError, ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{path} names no updater that won: {error}") from error
