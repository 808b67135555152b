"""Pages in a browser: on a phone and a screen, light, dark, printed, and without JavaScript.

What they look like is in `.setup/screenshots` afterwards.
"""

import contextlib
import warnings
from pathlib import Path

import pytest
from chromium import AXE, PROJECT, opened
from playwright.sync_api import Error
from written import NAMES

HERE = Path(__file__).parent
SCREENSHOTS = PROJECT / ".setup/screenshots"
# On a machine that is busy, Chromium gives up on one screenshot of ten, at times on several in a
# row. They are for people to look at: the tests judge the page, and go on without.
TRIES = 5
PHONE, SCREEN = 360, 1280
PAPER = 718  # of A4 between margins of 1 cm, in pixels of 1/96 inch
VIOLATIONS = """async () => (await axe.run()).violations.flatMap(
    (each) => each.nodes.map((node) => `${each.id}: ${node.html} ${node.failureSummary}`))"""
UNNAMED = """() => [...document.querySelectorAll("img, svg")]
    .filter((each) => !each.closest("[aria-hidden=true]") && !each.parentElement.closest("svg"))
    .filter((each) => !(each.getAttribute("alt") ?? each.ariaLabel ?? "").trim())
    .map((each) => each.outerHTML)"""
# The end of a picture: the name of its lower axis, or its ticks.
WITHOUT_TABLE = """() => [...document.querySelectorAll("svg.plot, .row.axis")]
    .map((each) => each.matches("svg.plot") ? each.nextElementSibling : each)
    .filter((each) => !each.nextElementSibling?.querySelector("td"))
    .map((each) => each.previousElementSibling.outerHTML)"""
HIDDEN = """() => [...document.querySelectorAll("td, th, p, pre, svg.plot, svg.bars")]
    .filter((each) => !each.checkVisibility() || !each.getBoundingClientRect().height)
    .map((each) => each.outerHTML)"""
UNFOLD = "() => document.querySelectorAll('details').forEach((each) => { each.open = true; })"


def script(name):
    return (HERE / name).read_text(encoding="utf-8")


def picture(page, name):
    """A screenshot of all of the page."""
    for _ in range(TRIES):
        with contextlib.suppress(Error):
            page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
            return
    warnings.warn(f"no screenshot of {name}", stacklevel=2)


@pytest.mark.parametrize("width", [PHONE, SCREEN])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_it_fits_stands_out_and_is_accessible(browser, pages, name, theme, width):
    with opened(browser, pages[name], width=width, theme=theme) as page:
        picture(page, f"{name} {theme} {width}")
        page.evaluate(UNFOLD)
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
        assert page.evaluate(script("wide.js")) == []
        assert page.evaluate(script("contrast.js")) == []
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert page.evaluate(VIOLATIONS) == []


@pytest.mark.parametrize("name", NAMES)
def test_pictures_have_names_and_tables(browser, pages, name):
    with opened(browser, pages[name], width=SCREEN) as page:
        assert page.evaluate(UNNAMED) == []
        assert page.evaluate(WITHOUT_TABLE) == []


@pytest.mark.parametrize("name", NAMES)
def test_without_javascript_it_says_the_same(browser, pages, name):
    with opened(browser, pages[name], width=PHONE) as page:
        wanted = page.inner_text("body")
    with opened(browser, pages[name], width=PHONE, script=False) as page:
        assert page.inner_text("body") == wanted
        for details in page.locator("details > summary").all():
            details.click()
        assert page.locator("details:not([open])").count() == 0


@pytest.mark.parametrize("name", NAMES)
def test_printed_it_shows_all_and_fits_on_paper(browser, pages, name):
    with opened(browser, pages[name], width=PAPER, theme="dark") as page:
        page.emulate_media(media="print")
        picture(page, f"{name} print")
        assert page.evaluate(HIDDEN) == []
        assert page.evaluate(script("wide.js")) == []
        assert page.evaluate(script("contrast.js")) == []
        assert page.pdf(format="A4").startswith(b"%PDF")
