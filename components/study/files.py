"""The files that a finished study leaves: its numbers, and the page about them."""

import json

from tfx_updaters.components.study import page
from tfx_updaters.components.study.origin import Origin
from tfx_updaters.components.study.outcome import Outcome

RESULT, PAGE = "result.json", "report.html"


def texts(outcome: Outcome, origin: Origin) -> dict[str, str]:
    """Their contents, by name."""
    document = {**outcome.to_json(), "origin": origin.to_json()}
    return {
        RESULT: json.dumps(document, indent=1, allow_nan=False) + "\n",
        PAGE: page.page(outcome, origin),
    }
