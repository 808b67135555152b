"""The commands of the docs on images, how they are run, and how to look at what came of it."""

import os
import re
import shlex
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
PACKAGES = "opt/venv/lib/python3.13/site-packages"
ENTRYPOINT = ("python", "-m", "tfx_updaters.kfp.entrypoint", "--help")
PAGE = PROJECT / "docs/kubeflow/images.md"
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


def done(printed: str) -> list[str]:
    """The nodes that a run has said to be done."""
    return re.findall(r"^ *(\S+) +done ", printed, re.MULTILINE)


def inside(container: tuple[str, Path], *words: str) -> str:
    """What a command prints in a container, given by its name and its files' place."""
    return output("buildah", "run", container[0], "--", *words)


def on_read_only_root(container: tuple[str, Path], *words: str) -> str:
    """What a command prints with `/tmp` as the only folder that the image's user can write to."""
    _, root = container
    script = f"""
        set -e
        mount --bind {root} {root}
        mount -t tmpfs -o mode=1777 tmpfs {root}/tmp
        mount -t proc proc {root}/proc
        mount -o remount,bind,ro {root}
        exec chroot --userspec 1000:1000 {root} env -i {_settings(container)} sh -c '
            cd /tmp && ! touch /opt/x 2>/dev/null && exec "$@"' sh {shlex.join(words)}
    """
    return output("unshare", "--mount", "--pid", "--fork", "sh", "-c", script)


def _settings(container: tuple[str, Path]) -> str:
    names = re.compile(r"(PATH|PYTHONPATH|HOME|TMPDIR|USER|KERAS_HOME|MPLCONFIGDIR)=\S+")
    return " ".join(line for line in inside(container, "env").split() if names.fullmatch(line))
