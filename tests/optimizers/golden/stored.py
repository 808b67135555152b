"""Walks of heavy peers, kept beside the script that makes them: the weights at some steps.

Run it with the name of a peer where the peer is installed:
`.setup/backends/bin/python tests/optimizers/golden/stored.py optax`.
"""

import importlib
import json
import sys
from pathlib import Path

import numpy as np

STEPS = (1, 2, 10, 50)
FOLDER = Path(__file__).parent


def kept(walked: np.ndarray) -> np.ndarray:
    """The rows of a walk that are kept."""
    return walked[np.asarray(STEPS) - 1]


def read(peer: str) -> dict[str, np.ndarray]:
    """The kept rows of a peer's walks, by name."""
    document = json.loads((FOLDER / f"{peer}.json").read_text())
    return {name: np.asarray(rows, "float32") for name, rows in document.items()}


def write(peer: str) -> None:
    """Walks with a peer and keeps the rows, nine digits each, which is all of a float32."""
    module = importlib.import_module(f"{peer}_peers")
    lines = [f"{json.dumps(name)}: {_text(kept(module.walked(name)))}" for name in module.PEERS]
    (FOLDER / f"{peer}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _text(rows: np.ndarray) -> str:
    return "[" + ",\n ".join(f"[{', '.join(f'{x:.9g}' for x in row)}]" for row in rows) + "]"


if __name__ == "__main__":
    write(sys.argv[1])
