"""A headless Chromium without a network, and pages opened in it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / ".setup/browser"
AXE = FOLDER / "node_modules/axe-core/axe.min.js"
HEIGHT = 800  # in pixels; a page is as long as it is


def launch(playwright: Playwright) -> Browser:
    """The browser that the set-up unpacked, with its own libraries and fonts."""
    own = {
        "LD_LIBRARY_PATH": str(FOLDER / "al2023/lib"),
        "FONTCONFIG_FILE": str(FOLDER / "fonts.conf"),
    }
    return playwright.chromium.launch(
        executable_path=FOLDER / "chromium", env={**os.environ, **own}
    )


@contextlib.contextmanager
def opened(
    browser: Browser, path: Path, *, width: int, theme: str = "light", script: bool = True
) -> Iterator[Page]:
    """A page as a reader has it, offline; nothing is asked for and nothing complained of.

    Args:
        browser: that is launched.
        path: of the page.
        width: of the window in pixels.
        theme: `light` or `dark`, as the system says.
        script: whether the browser runs JavaScript.
    """
    context = browser.new_context(
        offline=True, viewport={"width": width, "height": HEIGHT}, color_scheme=theme,
        java_script_enabled=script,
    )  # fmt: skip
    asked: list[str] = []
    said: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda message: said.append(message.text))
    context.on("weberror", lambda error: said.append(str(error.error)))
    try:
        page = context.new_page()
        page.goto(path.as_uri())
        yield page
        assert asked == [path.as_uri()]
        assert said == []
    finally:
        context.close()
