"""A contact sheet of data as one HTML page: no network, no script, all pictures within it."""

import base64

from tfx_updaters import pipelines
from tfx_updaters.components.report import html
from tfx_updaters.pipelines.found import Found

TEMPLATE = "data_page.html"
# Pictures are shown of so many classes, counts of all.
MOST_CLASSES = 100


def page(title: str, found: Found) -> str:
    """The page; everything that comes from the data is escaped."""
    pictures = {
        name: [base64.b64encode(png).decode() for png in of]
        for name, of in list(found.pictures().items())[:MOST_CLASSES]
    }
    return html.render([pipelines.__name__], TEMPLATE, title=title, found=found, pictures=pictures)
