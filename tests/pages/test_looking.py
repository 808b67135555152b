"""What the other tests look for is found where it is."""

import pytest
from chromium import opened
from test_in_a_browser import HIDDEN, PHONE, UNNAMED, WITHOUT_TABLE, script

PAGE = '<!DOCTYPE html><html lang="en"><head><title>a</title></head><body>{}</body></html>'


@pytest.fixture
def written(tmp_path):
    """Writes a page with this body."""

    def write(body):
        path = tmp_path / "page.html"
        path.write_text(PAGE.format(body), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    "body",
    [
        '<img alt="a" src="http://127.0.0.1:9/a.png">',
        '<iframe title="a" src="other.html"></iframe>',
        "<script>console.warn(1)</script>",
        "<script>throw Error('a')</script>",
    ],
    ids=["picture", "frame", "console", "error"],
)
def test_requests_and_complaints_are_seen(browser, written, body):
    with pytest.raises(AssertionError), opened(browser, written(body), width=PHONE) as page:
        page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(
    ("look", "body"),
    [
        (script("wide.js"), '<p style="width: 500px">a</p>'),
        (script("contrast.js"), '<p style="color: #999">a</p>'),
        (script("contrast.js"), '<svg><text y="9" fill="#999">a</text></svg>'),
        (script("contrast.js"), '<p style="opacity: 0.5">a</p>'),
        (script("contrast.js"), '<svg><line class="limit" x2="9" y2="9"/></svg>'),
        (UNNAMED, '<svg role="img"></svg>'),
        (UNNAMED, '<img src="data:,">'),
        (WITHOUT_TABLE, '<svg class="plot"></svg><p>a</p><p>b</p>'),
        (HIDDEN, "<details><summary>a</summary><p>b</p></details>"),
    ],
    ids=["wide", "faint", "faint in a picture", "half transparent", "not drawn", "no name",
         "no text", "no table", "folded"],
)  # fmt: skip
def test_what_is_wrong_is_found(browser, written, look, body):
    with opened(browser, written(body), width=PHONE) as page:
        assert len(page.evaluate(look)) == 1
    with opened(browser, written('<p style="color: #000">a</p>'), width=PHONE) as page:
        assert page.evaluate(look) == []
