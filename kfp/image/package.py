"""This package as a wheel, packed again from where it is installed."""

import zipfile
from importlib import metadata
from pathlib import Path

import tfx_updaters

NAME = "tfx-updaters"
# Of an installed distribution; what pip adds to them says how and where that was installed.
KEPT = ("METADATA", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE")


def pack(folder: Path) -> Path:
    """Writes the wheel into `folder`, the same whether a wheel or a checkout is installed here.

    There is no source to build from where a wheel is, and an editable install has its files
    elsewhere: what is packed is what `import tfx_updaters` finds.
    """
    installed = metadata.distribution(NAME)
    name = f"{NAME.replace('-', '_')}-{installed.version}"
    info = f"{name}.dist-info"
    files = {f"tfx_updaters/{path}": data for path, data in _package().items()}
    for kept in KEPT:
        if text := installed.read_text(kept):
            files[f"{info}/{kept}"] = text.encode()
    # pip computes the hashes when it installs; it needs the names.
    record = f"{info}/RECORD"
    files[record] = "".join(f"{path},,\n" for path in (*files, record)).encode()
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in files.items():
            # With a date of its own, so that the same files are the same wheel.
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return wheel


def requirements() -> list[str]:
    """What the package needs, without its extras."""
    return [text for text in metadata.requires(NAME) or [] if "extra ==" not in text]


def _package() -> dict[str, bytes]:
    found = {}
    for folder in map(Path, tfx_updaters.__path__):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found
