"""Names that Argo takes, for the nodes of a pipeline."""

import re
from collections.abc import Iterable

from tfx_updaters.kfp.errors import UnsupportedError


def task_names(ids: Iterable[str]) -> dict[str, str]:
    """The name of each node's task: letters, digits and `-`, as Argo takes them.

    Source: Argo Workflows, workflow/validate/validate.go.

    Raises:
        UnsupportedError: two nodes would have one name, or a node would have none.
    """
    owners: dict[str, str] = {}
    for node in ids:
        name = _cleaned(node)
        if not name:
            raise UnsupportedError(
                f"node '{node}': nothing is left of its id in Kubeflow, where letters, digits and "
                "'-' are allowed; give it another with_id(...)"
            )
        if name in owners:
            raise UnsupportedError(
                f"nodes '{owners[name]}' and '{node}' would both be '{name}' in Kubeflow, where "
                "letters, digits and '-' are allowed; give one another with_id(...)"
            )
        owners[name] = node
    return {node: name for name, node in owners.items()}


def pipeline_name(name: str) -> str:
    """A pipeline's name as KFP takes it: in small letters, digits and `-`, 128 at most.

    Raises:
        UnsupportedError: nothing is left of it.
    """
    cleaned = _cleaned(name.lower())[:128].rstrip("-")
    if not cleaned:
        raise UnsupportedError(f"pipeline '{name}': a name with letters or digits is needed")
    return cleaned


def _cleaned(text: str) -> str:
    return re.sub(r"[^a-zA-Z0-9]+", "-", text).strip("-")
