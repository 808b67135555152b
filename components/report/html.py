"""Pages of results: one file each, well-formed as XML, that needs no script and no network."""

import re
from typing import Any

import jinja2

from tfx_updaters.components import report

# What XML does not allow: a name from outside may hold it.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(package: str, template: str, **values: Any) -> str:
    """The page of a template; every value is escaped.

    Args:
        package: that the template lies in. It may build on the templates of this package.
        template: name of its file.
        **values: what it shows.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, finalize=_printable,
        trim_blocks=True, lstrip_blocks=True,
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(each, "") for each in (package, report.__name__)]
        ),
    )  # fmt: skip
    return environment.get_template(template).render(**values)


def _printable(value: Any) -> Any:
    return FORBIDDEN.sub("\ufffd", value) if type(value) is str else value
