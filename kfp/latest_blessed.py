"""The latest blessed model without ML Metadata: a node that looks it up, a node that adds one.

They stand for TFX's Resolver with `LatestBlessedModelStrategy`. On the first run there is none:
the artifact that is handed on then has the custom property `none`, and the entrypoint hands
no baseline to the Evaluator. The model is copied into the run: KFP's launcher takes as outputs
only what lies under the run's own root (component/launcher_v2.go), and what is compared with
stays, whatever happens to the older run.
"""

from typing import Any

from pyarrow import fs
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.standard_artifacts import Model, ModelBlessing

from tfx_updaters.kfp.ledger import Blessed, Ledger, address, opened

Artifacts = dict[str, list[Artifact]]
# The property of the run, and the mark of an artifact that stands for none.
RUN = "run"
NONE = "none"


class FindExecutor(BaseExecutor):
    """Copies the latest blessed model, and its blessing where that is asked for too.

    Outputs are the Resolver's: one of type Model, one of type ModelBlessing.
    """

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: Any) -> None:
        """Finds the ledger beside the run, and fills the outputs.

        Raises:
            LedgerError: the ledger cannot be read, or the model that it names is gone.
        """
        made = [get_single_instance(artifacts) for artifacts in output_dict.values()]
        entry = Ledger.beside(made[0].uri, exec_properties[RUN]).latest()
        for artifact in made:
            if entry is None:
                artifact.set_int_custom_property(NONE, 1)
                continue
            origin = entry.model if isinstance(artifact, Model) else entry.blessing
            _copy(origin, artifact.uri)
            artifact.set_string_custom_property("copy_of", origin)
            if isinstance(artifact, ModelBlessing):
                artifact.set_int_custom_property("blessed", 1)


class AddExecutor(BaseExecutor):
    """Adds the model to the ledger if it is blessed. Its output says what was added."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: Any) -> None:
        """Reads the blessing as Pusher does: by its custom property `blessed`."""
        added = get_single_instance(output_dict["added"])
        model, blessing = (get_single_instance(input_dict[key]) for key in ("model", "blessing"))
        run = exec_properties[RUN]
        if blessing.get_int_custom_property("blessed") != 1:
            added.value = ""
            return
        entry = Blessed(model=address(model.uri), blessing=address(blessing.uri), run=run)
        Ledger.beside(added.uri, run).append(entry)
        added.value = entry.model


def _copy(origin: str, folder: str) -> None:
    store, path = opened(origin)
    target, place = opened(folder)
    target.create_dir(place, recursive=True)
    fs.copy_files(path, place, source_filesystem=store, destination_filesystem=target)
