"""Pages as the commands write them."""

import shutil
import subprocess
import sys
from pathlib import Path

import made_study

from tfx_updaters.components.study.files import PAGE, texts
from tfx_updaters.components.study.origin import Origin

# What a user types, and where the pages are then.
COMMANDS = (
    "run --epochs 2 --updater magnitude_clip",
    "compare --updaters sgd,momentum --seeds 2 --rates 0 --epochs 1 --jobs 1",
    "data digits --page data.html",
)
WRITTEN = {
    "run": "runs/reports/*.html",
    "decision": "runs/artifacts/**/decision.html",
    "study": "study/report.html",
    "data": "data.html",
}
LARGE = "large study"
NAMES = (*WRITTEN, LARGE)
NOT_BLESSED = 3


def pages(folder: Path) -> dict[str, Path]:
    """The pages of `NAMES`: of real commands, and of a study with all that a study may have.

    Args:
        folder: an empty one.
    """
    program = shutil.which("tfx-updaters", path=str(Path(sys.executable).parent))
    assert program, "tfx-updaters is not installed beside this Python"
    started = [
        subprocess.Popen([program, *words.split()], cwd=folder, stdout=subprocess.PIPE, text=True)
        for words in COMMANDS
    ]
    for process in started:
        out, _ = process.communicate(timeout=600)
        assert process.returncode in (0, NOT_BLESSED), out
    found = {name: next(folder.glob(pattern)) for name, pattern in WRITTEN.items()}
    found[LARGE] = folder / "large.html"
    found[LARGE].write_text(_large(), encoding="utf-8")
    return found


def _large() -> str:
    origin = Origin("0f" * 32, "digits: 10 classes", ["tfx-updaters", "compare"])
    return texts(made_study.outcome(), origin)[PAGE]
