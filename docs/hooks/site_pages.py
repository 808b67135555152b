"""MkDocs' hook: fills in what the code says, draws the pictures, sets the equations."""

import html
import re
from pathlib import Path

import catalogue
import latex2mathml.converter
from gallery import PICTURES
from mkdocs.structure.files import File
from pictures import draw

DIRECTIVE = re.compile(r"^::: (?P<what>.+)\n(?P<body>(?:(?: {4}.*)?\n)*)", re.MULTILINE)
MATHS = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
FOLDER = Path(__file__).parents[2] / ".pictures"


def on_files(files, config):
    """Adds the pictures, drawn anew where the optimizers have changed."""
    for path in draw(PICTURES, FOLDER):
        name = f"pictures/{path.name}"
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Replaces each `::: ...` by what the code says of it."""
    return filled_in(markdown)


def on_page_content(content, page, config, files):
    """Sets each equation as MathML, which browsers show without a script."""
    return MATHS.sub(_mathml, content)


def filled_in(markdown: str) -> str:
    """The page with its directives replaced.

    `::: Clip(1.0)` and the indented text below it are a section on the transform; that text, its
    equation, follows the summary. Presets, `updaters` and `schedules` are directives too.
    """
    return DIRECTIVE.sub(_section, markdown + "\n")


def _section(match: re.Match) -> str:
    body = re.sub(r"^ {4}", "", match["body"], flags=re.MULTILINE).strip("\n")
    return catalogue.section(match["what"].strip(), body) + "\n\n"


def _mathml(match: re.Match) -> str:
    latex = html.unescape(match[2]).strip()
    if match[1] == "span":
        return latex2mathml.converter.convert(latex)
    # One element for each equation of a line: they wrap on a phone.
    equations = latex.split(r"\qquad")
    parts = [latex2mathml.converter.convert(part, display="block") for part in equations]
    return f'<div class="equation">{"".join(parts)}</div>'
