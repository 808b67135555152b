"""The commands of the docs on images, how they are run, and how to look at what came of it."""

import os
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/kubeflow/images.md"
# In pip's settings while the image is built, and harmless there.
MARK = "not-in-the-image.invalid"


def documented(word: str) -> str:
    """The one command of the page with this word."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (found,) = (line for block in blocks for line in block.splitlines() if word in line)
    return found


def output(*words: str | Path, folder: Path = HERE, **variables: str) -> str:
    """What a command, or a line of shell, prints; its errors are this test's."""
    done = subprocess.run(
        words if len(words) > 1 else words[0], shell=len(words) == 1, cwd=folder,
        env=os.environ | variables, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (words, done.stdout)
    return done.stdout
