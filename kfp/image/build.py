"""An image for the nodes of a pipeline, with this package and the user's code in it."""

import tempfile
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from tfx_updaters.kfp import engine as engines
from tfx_updaters.kfp.errors import ConfigError, nearest
from tfx_updaters.kfp.image import package, pip_settings, user_code

TARGETS = ("cpu", "gpu")
# Debian 13: three of TFX's dependencies need its C library, which older releases do not have.
BASE = "debian:trixie-slim"


def build(
    tag: str,
    *,
    target: str = "cpu",
    code: Iterable[str | Path] = (),
    requirements: str | Path | None = None,
    base: str = BASE,
    engine: str | None = None,
) -> None:
    """Builds an image; what the engine says goes to this process's output.

    The versions in it are those of `constraints.txt`, with which this package is tested. pip's
    settings on this machine (index, certificates, proxy) are mounted while it installs and are
    not in the image.

    Args:
        tag: what the image is to be called.
        target: `cpu`, or `gpu` with CUDA's libraries besides.
        code: files, packages, or folders of them that nodes import. A `module_file` is imported
            by its name.
        requirements: a file for pip of what that code needs, installed under the same constraints.
        base: an image of Debian 13.
        engine: `docker`, `podman` or `buildah`; none is the first of them that works here.

    Raises:
        ConfigError: one of these cannot be taken.
        ImageError: no engine works here, or the build failed.
    """
    if target not in TARGETS:
        raise ConfigError(f"target: there is no '{target}'; {nearest(target, TARGETS)}")
    found = user_code.collect(map(Path, code))
    constraints = _shipped("constraints.txt")
    user_code.refuse_shadows(found, constraints)
    if requirements and not Path(requirements).is_file():
        raise ConfigError(f"requirements: there is no file {requirements}")
    builder = engines.find(engine)
    with tempfile.TemporaryDirectory() as folder:
        context, secrets = Path(folder, "context"), Path(folder, "secrets")
        own = context / "own"
        own.mkdir(parents=True)
        secrets.mkdir()
        (context / "Dockerfile").write_text(_shipped("Dockerfile"))
        (context / "constraints.txt").write_text(constraints)
        (context / "requirements.txt").write_text("\n".join(package.requirements()))
        package.pack(own)
        user_code.copy(found, own / "code")
        given = Path(requirements).read_text() if requirements else ""
        (own / "requirements.txt").write_text(given)
        builder.build(context, tag, target, {"BASE": base}, pip_settings.secrets(secrets))


def _shipped(name: str) -> str:
    return (resources.files("tfx_updaters.kfp.image") / name).read_text()
