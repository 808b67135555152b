"""The browser, and the pages that are opened in it."""

from collections.abc import Iterator
from pathlib import Path

import chromium
import pytest
import written
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one that all pages are opened in."""
    with sync_playwright() as playwright:
        launched = chromium.launch(playwright)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Paths by name."""
    return written.pages(tmp_path_factory.mktemp("pages"))
