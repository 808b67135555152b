"""The images, built once as the docs say, and a container of each."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from looking import HERE, MARK, documented, output


@pytest.fixture(scope="session", autouse=True)
def buildah_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Other engines do not work here: what is built is Buildah's to look into."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("docker", "podman"):
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
        (folder / name).chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        yield


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder, which is a volume too: the image's user may write to it."""
    return users_folder(tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="session")
def gpu_work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one, for what runs in the image for GPU nodes."""
    return users_folder(tmp_path_factory.mktemp("gpu-work"))


def users_folder(folder: Path) -> Path:
    """Makes a folder one from which the commands of the docs can be called."""
    folder.chmod(0o777)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    shutil.copy(HERE / "notes.py", folder)
    return folder


@pytest.fixture(scope="session")
def image(work: Path) -> str:
    """The name of the image for CPU nodes, with the user's module in it."""
    output(documented("localhost/nodes "), folder=work, PIP_TRUSTED_HOST=MARK)
    return "localhost/nodes"


@pytest.fixture(scope="session")
def container(image: str) -> Iterator[tuple[str, Path]]:
    """A container of the image: its name, and its files' place on this machine."""
    with opened(image) as made:
        yield made


@pytest.fixture(scope="session")
def gpu_image(gpu_work: Path, image: str) -> str:
    """The name of the image for GPU nodes, on top of the layers of the other one."""
    output(documented("--target gpu --code"), folder=gpu_work)
    return "localhost/nodes-gpu"


@pytest.fixture(scope="session")
def gpu_container(gpu_image: str) -> Iterator[tuple[str, Path]]:
    """A container of that image."""
    with opened(gpu_image) as made:
        yield made


@contextlib.contextmanager
def opened(image: str) -> Iterator[tuple[str, Path]]:
    """A container, removed at the end of the block."""
    name = output("buildah", "from", image).strip()
    yield name, Path(output("buildah", "mount", name).strip())
    output("buildah", "rm", name)
