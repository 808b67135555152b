"""A contact sheet of data as one HTML page: no network, no script, all pictures within it."""

import base64
import importlib.resources

import jinja2

from tfx_updaters import pipelines
from tfx_updaters.pipelines.found import Found

TEMPLATE = "data_page.html"
# Pictures are shown of so many classes, counts of all.
MOST_CLASSES = 100


def page(title: str, found: Found) -> str:
    """The page; everything that comes from the data is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = importlib.resources.files(pipelines).joinpath(TEMPLATE).read_text("utf-8")
    pictures = {
        name: [base64.b64encode(png).decode() for png in of]
        for name, of in list(found.pictures().items())[:MOST_CLASSES]
    }
    return environment.from_string(source).render(title=title, found=found, pictures=pictures)
