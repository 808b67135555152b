"""A decision as one HTML page: nothing but the file is needed to read it, no network, no script."""

from tfx_updaters.components import evaluator
from tfx_updaters.components.evaluator import check as words
from tfx_updaters.components.evaluator.charts import figures
from tfx_updaters.components.evaluator.check import Check
from tfx_updaters.components.evaluator.decision import Decision
from tfx_updaters.components.report.html import render

FILE = "decision.html"
TEMPLATE = "page.html"
VERDICTS = {True: "passed", False: "failed", None: "not gated"}
PROOF = {
    "model": "the model, that it keeps the limit",
    "gate": "the gate, that the limit is broken",
    "none": "nobody: the value counts",
}


def page(decision: Decision) -> str:
    """The page, well-formed as XML too; everything of the decision is escaped."""
    return render(
        evaluator.__name__, TEMPLATE, decision=decision,
        checks=[_row(check) for check in decision.closest_first()],
        figures=figures(decision.checks),
    )  # fmt: skip


def _row(check: Check) -> dict[str, str]:
    """A row of the table of checks."""

    def number(value: float | None) -> str:
        return "unknown" if value is None else words.number(check, value)

    known = check.lower is not None and check.upper is not None
    worst = f", worst where {check.worst.slice}" if check.worst else ""
    return {
        "verdict": VERDICTS[check.passed if check.gated else None],
        "what": words.subject(check) + (" (change)" if check.change else ""),
        "where": check.slice + worst,
        "value": number(check.value),
        "interval": f"{number(check.lower)} to {number(check.upper)}" if known else "none",
        "limit": words.limits(check),
        "margin": "unknown" if check.margin is None else f"{check.margin:+.4f}",
        "proof": PROOF[check.burden],
        "examples": ", ".join(f"{split} {count}" for split, count in check.counts.items()) or "0",
        "why": check.why,
    }
