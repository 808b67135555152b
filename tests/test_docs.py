"""The README and the docs are true: their commands and their code run."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from cluster import Kubeflow, tasks

from tfx_updaters import optimizers
from tfx_updaters.optimizers import Trace, from_json, names, registered
from tfx_updaters.optimizers.presets import PRESETS

PROJECT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", *sorted(str(p.relative_to(PROJECT)) for p in PROJECT.glob("docs/**/*.md"))]
# What a test of its own runs: this test is inside the first; set-up and the pipeline's defaults
# are what the second and third do before any test. Images are tests/images' matter, page by page.
ELSEWHERE = {"make test", "make run"}
IMAGES = "docs/kubeflow/images.md"


def blocks(page: str, language: str) -> list[str]:
    text = (PROJECT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def files(page: str) -> dict[str, str]:
    """The blocks of a page that are files, which its commands take."""
    text = (PROJECT / page).read_text()
    found = re.findall(r'^```\w+ title="(.+?)"\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)
    return dict(found)


@pytest.fixture
def kubeflow(monkeypatch):
    """A cluster that every run succeeds on."""
    server = Kubeflow()
    server.script = [tasks("SUCCEEDED", Trainer="SUCCEEDED")]
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", server.url)
    yield server
    server.die()


@pytest.mark.parametrize("page", [page for page in PAGES if page != IMAGES])
def test_the_commands_of_a_page_run(page, tmp_path, kubeflow):
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    for name, content in files(page).items():
        (tmp_path / name).write_text(content)
    for command in "".join(blocks(page, "sh")).replace("\\\n", "").splitlines():
        if command in ELSEWHERE:
            continue
        folder = PROJECT if command.startswith("make") else tmp_path
        done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def test_make_run_pushes_a_model(tmp_path):
    """`make run` as the README has it, but for the folder that it writes to."""
    root = tmp_path / "runs"
    done = subprocess.run(
        ["make", "run", f"ARGS=--root {root}"], cwd=PROJECT, capture_output=True, text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
    )  # fmt: skip
    assert done.returncode == 0, done
    assert list(root.glob("pushed/digits/*/saved_model.pb"))


def test_the_python_of_the_pages_runs(tmp_path):
    """Each page from top to bottom in a namespace of its own; in one process, for its imports."""
    pages = {page: "".join(blocks(page, "python")) for page in PAGES}
    code = f"for page, code in {pages!r}.items(): exec(compile(code, page, 'exec'), {{}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_json_of_the_docs_is_an_updater():
    documents = [block for page in PAGES for block in blocks(page, "json")]
    assert documents
    for document in documents:
        assert from_json(document).to_json() == json.loads(document)


MIGRATION = (PROJECT / "docs/updates/migration.md").read_text()
ROWS = re.findall(r"^\| (.+?) \| `(.+?)` \|(?: (.+?) \|)?", MIGRATION, re.MULTILINE)
OURS = {name: getattr(optimizers, name) for name in optimizers.__all__}


def test_every_row_of_the_migration_tables_is_code():
    tables = MIGRATION.count("\n|---")
    assert len(ROWS) == len(re.findall(r"^\| ", MIGRATION, re.MULTILINE)) - tables
    for _, code, _ in ROWS:
        assert eval(code, dict(OURS)) is not None, code


def trained(optimizer):
    """Two variables after 20 steps along random gradients, as one array."""
    rng = np.random.default_rng(0)
    shapes = [(4, 3), (3,)]
    weights = [keras.Variable(rng.normal(size=shape), name="kernel") for shape in shapes]
    for _ in range(20):
        step = [rng.normal(size=shape).astype("float32") for shape in shapes]
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in step], weights)
    return np.concatenate([keras.ops.convert_to_numpy(w).ravel() for w in weights])


def test_what_the_migration_page_says_of_keras_holds():
    """A row of a call is the same to 1e-5, unless it says no."""
    keras_table = MIGRATION.partition("## Keras")[2].partition("## optax")[0]
    calls = [(re.fullmatch(r"`([A-Z]\w+\(.*\))`", row[0]), *row) for row in ROWS]
    calls = [row for row in calls if row[0] and row[1] in keras_table]
    assert len(calls) >= 10
    for call, _, code, same in calls:
        ours = eval(code, dict(OURS))
        ours = ours if isinstance(ours, keras.optimizers.Optimizer) else ours.optimizer()
        theirs = eval(call[1], dict(vars(keras.optimizers)))
        apart = np.abs(trained(ours) - trained(theirs)).max()
        assert (apart < 1e-5) == (not same.startswith("no")), (code, apart)


@pytest.fixture
def hooks(monkeypatch):
    """The modules that fill in the pages when the site is built."""
    monkeypatch.syspath_prepend(PROJECT / "docs/hooks")
    return lambda name: importlib.import_module(name)


def test_every_transform_and_preset_has_a_section(hooks):
    catalogue = hooks("catalogue")
    pages = [(PROJECT / page).read_text() for page in PAGES]
    described = [what for page in pages for what in catalogue.directives(page)]
    made = [type(catalogue.made(what)) for what in described if what[0].isupper()]
    built_in = {c for c in registered().values() if c.__module__.startswith("tfx_updaters.")}
    assert sorted(made, key=str) == sorted({*built_in, *PRESETS.values()}, key=str)


def test_a_section_has_all_that_is_known_of_a_transform(hooks):
    text = hooks("site_pages").filled_in("::: Trace(0.9)\n    $$m$$\n\nNext.\n")
    for part in ("## Trace", "$$m$$", "**When:**", "**Source:**", "`nesterov`", "\n\nNext."):
        assert part in text
    assert json.dumps(Trace(0.9).to_json()) in text


def test_every_equation_has_its_braces_in_pairs():
    for page in PAGES:
        for equation in re.findall(r"\$\$(.+?)\$\$", (PROJECT / page).read_text(), re.DOTALL):
            assert equation.count("{") == equation.count("}"), (page, equation)


def test_every_updater_has_a_section_and_a_picture(hooks):
    text = hooks("catalogue").section("updaters", "")
    for name in names():
        assert f"## {name}\n" in text
        assert f"(../pictures/updater-{name}.svg)" in text
        assert f"updater-{name}" in hooks("gallery").PICTURES


def test_every_picture_is_shown_with_a_text_for_those_who_cannot_see_it(hooks):
    text = "".join((PROJECT / page).read_text() for page in PAGES)
    shown = re.findall(r"!\[(.+?)\]\(\.\./pictures/(.+?)\.svg\)", text)
    assert all(len(alt) > 30 for alt, _ in shown)
    assert sorted(name for _, name in shown) == sorted(hooks("gallery").FAMILIES)


def test_a_walk_is_made_of_the_optimizers_steps(hooks):
    """Plain steps of 0.1 on a round bowl: each point is 0.9 times the one before."""
    gallery, pictures = hooks("gallery"), hooks("pictures")
    walk = pictures.Walk("plain", [], 0.1, steps=3)
    picture = pictures.Picture(gallery.bowl, (-2.0, 1.0), [walk], (-3, 3, -3, 3))
    points = pictures.walked(picture, walk)
    np.testing.assert_allclose(points, [[-2 * 0.9**k, 0.9**k] for k in range(4)], rtol=1e-5)
