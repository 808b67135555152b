"""Sections of the docs made from the code: a transform, a preset, the named updaters."""

import dataclasses
import html
import inspect
import json
import re

from tfx_updaters import optimizers
from tfx_updaters.optimizers import presets, schedules
from tfx_updaters.optimizers.presets import Preset
from tfx_updaters.optimizers.transform import Transform, plain, registered

# Without what imports Keras: an unchanged site is built at once.
CLASSES = (*registered().values(), *presets.PRESETS.values(), schedules.Schedule)
NAMESPACE = {cls.__name__: cls for cls in CLASSES}


def section(what: str, body: str) -> str:
    """Markdown for `updaters`, `schedules`, or a transform or preset written as Python."""
    if what == "updaters":
        return "\n\n".join(_updater(optimizers.entry(name)) for name in optimizers.names())
    if what == "schedules":
        return _schedules()
    thing = made(what)
    if isinstance(thing, Transform):
        return _transform(thing, what, body)
    return _preset(thing, what, body)


def made(what: str) -> Transform | Preset:
    """The transform or preset of a directive."""
    return eval(what, dict(NAMESPACE))


def directives(markdown: str) -> list[str]:
    """What the page's directives name, in order."""
    return re.findall(r"^::: (.+)$", markdown, re.MULTILINE)


def _transform(transform: Transform, what: str, body: str) -> str:
    summary, when, reference = _docstring(type(transform))
    return _joined(
        f"## {type(transform).__name__}",
        summary,
        body,
        f"**When:** {when}" if when else "",
        f"**Source:** {reference}" if reference else "",
        f"**State:** {_state(transform)}",
        _table(_fields(transform)),
        _code(what, transform.to_json()),
    )


def _preset(preset: Preset, what: str, body: str) -> str:
    summary, _, _ = _docstring(type(preset))
    return _joined(f"### {type(preset).__name__}", summary, body, _code(what, preset.to_json()))


def _updater(updater) -> str:
    config = optimizers.get(updater.name)
    rows = [(h.name, h.default, h.allowed, h.help) for h in updater.hyperparameters]
    return _joined(
        f"## {updater.name}",
        f'<div class="aside" markdown>\n![{updater.name}: the path of the chain on the valley]'
        f"(../pictures/updater-{updater.name}.svg)\n</div>",
        _escaped(updater.summary),
        f"**Chain:** `{config.describe()}`",
        f"**When:** {_escaped(updater.when)}",
        f"**Source:** {_escaped(updater.source)}",
        _table(rows),
    )


def _schedules() -> str:
    lines = ["| schedule | needed | optional |", "|---|---|---|"]
    for name, (needed, optional) in schedules.ARGUMENTS.items():
        lines.append(f"| `{name}` | {_codes(needed)} | {_codes(optional)} |")
    return "\n".join(lines)


def _docstring(cls: type) -> tuple[str, str, str]:
    """The summary, when to use it, and the source."""
    when = reference = ""
    summary = []
    for paragraph in (inspect.getdoc(cls) or "").split("\n\n"):
        text = " ".join(paragraph.split())
        if text.startswith("When: "):
            when = text.removeprefix("When: ")
        elif text.startswith("Reference: "):
            reference = text.removeprefix("Reference: ")
        elif text != "Attributes:":
            summary.append(text)
    return _escaped("\n\n".join(summary)), _escaped(when), _escaped(reference)


def _state(transform: Transform) -> str:
    each = [f"`{name}`, {_shape(slot)}" for name, slot in transform.slots().items()]
    once = [f"`{name}`, {_shape(slot)}" for name, slot in transform.shared_slots().items()]
    each_text = f"for each variable {'; '.join(each)}" if each else ""
    once_text = f"once for the chain {'; '.join(once)}" if once else ""
    return ". Also ".join(text for text in (each_text, once_text) if text) or "none"


def _shape(slot) -> str:
    if slot.copy:
        return "a copy of the variable"
    if slot.shape is None:
        return "of its shape"
    return "a number" if slot.shape == () else f"{slot.shape[0]} numbers"


def _fields(transform: Transform) -> list[tuple]:
    return [
        (
            field.name,
            "" if field.default is dataclasses.MISSING else field.default,
            field.metadata["allowed"],
            field.metadata["help"],
        )
        for field in dataclasses.fields(transform)  # type: ignore[arg-type]
    ]


def _table(rows: list[tuple]) -> str:
    if not rows:
        return "No hyper-parameters."
    lines = ["| hyper-parameter | default | allowed | rule | meaning |", "|---|---|---|---|---|"]
    for name, default, allowed, help in rows:
        rule = bool(getattr(allowed, "rule", False))
        bare = dataclasses.replace(allowed, rule=False) if rule else allowed
        value = "needed" if default == "" else f"`{json.dumps(plain(default))}`"
        text = str(bare).rstrip(",").replace("{", "\\{").replace("|", "\\|")
        lines.append(
            f"| `{name}` | {value} | {text} | {'yes' if rule else 'no'} | {_escaped(help)} |"
        )
    return "\n".join(lines)


def _code(python: str, document: dict) -> str:
    return f"```py\n{python}\n```\n\n```js\n{json.dumps(document)}\n```"


def _codes(names) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _escaped(text: str) -> str:
    """Plain text as Markdown, `code` as it is."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part[:1] == "`" else _plain(part) for part in parts)


def _plain(text: str) -> str:
    return re.sub(r"([\\*_\[\]])", r"\\\1", html.escape(text, quote=False)).replace("|", "&#124;")


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
