"""The blessing artifact: that of the stock Evaluator, and the decision in it."""

import os
from typing import Any

import tensorflow as tf
from tfx import types
from tfx.components.evaluator import constants
from tfx.utils import io_utils

from tfx_updaters.components.evaluator import decision, page
from tfx_updaters.components.evaluator.decision import Decision

Artifacts = dict[str, list[types.Artifact]]


def clear(folder: str) -> None:
    """Removes what an earlier attempt left."""
    if tf.io.gfile.exists(folder):
        tf.io.gfile.rmtree(folder)
    tf.io.gfile.makedirs(folder)


def bless(
    blessing: types.Artifact, found: Decision, inputs: Artifacts, properties: dict[str, Any]
) -> None:
    """Writes the stock artifact; the file that says BLESSED comes last."""
    model = inputs["model"][0]
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    for baseline in inputs.get("baseline_model") or ():
        blessing.set_string_custom_property(
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY, baseline.uri
        )
        blessing.set_int_custom_property(
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_ID_KEY, baseline.id
        )
    if "current_component_id" in properties:
        blessing.set_string_custom_property("component_id", properties["current_component_id"])
    blessing.set_string_custom_property("decision", found.sentence())
    blessed = found.blessed
    blessing.set_int_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSED_KEY,
        constants.BLESSED_VALUE if blessed else constants.NOT_BLESSED_VALUE,
    )
    io_utils.write_string_file(os.path.join(blessing.uri, decision.FILE), found.to_json())
    io_utils.write_string_file(os.path.join(blessing.uri, page.FILE), page.page(found))
    name = constants.BLESSED_FILE_NAME if blessed else constants.NOT_BLESSED_FILE_NAME
    io_utils.write_string_file(os.path.join(blessing.uri, name), "")
