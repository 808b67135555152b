"""The whole pipeline, as a user runs it: pushed, cached, not blessed, failed, interrupted."""

import json
import os
import re
import shlex
import signal
import sqlite3
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tfx_updaters.components.evaluator.decision import Decision

NODES = (
    "ImportExampleGen", "latest_blessed_model_resolver", "StatisticsGen", "SchemaGen",
    "ExampleValidator", "Transform", "Trainer", "Evaluator", "Pusher",
)  # fmt: skip


def executions(root) -> int:
    """How many executions ML Metadata has recorded."""
    with sqlite3.connect(root / "metadata.sqlite") as store:
        return store.execute("SELECT COUNT(*) FROM Execution").fetchone()[0]


def joined(out: str) -> str:
    """The card's text as if its lines were not folded."""
    return " ".join(word for line in out.splitlines() for word in line.strip("│ ").split())


def named(command, what: str, said: str) -> Path:
    """The file that a card names; folded paths have a space where the line ended."""
    path = re.search(rf" {what} +(.*?\. ?h ?t ?m ?l) ", said).group(1)
    return command.folder / path.replace(" ", "")


def check_page(page: Path, decision: Decision, training: Path) -> None:
    """The decision, the training and its dynamics are on it, drawn, with the numbers there are."""
    root = ET.parse(page).getroot()
    text = " ".join(" ".join(root.itertext()).split())
    for said in (
        decision.sentence(), *(check.sentence() for check in decision.checks),
        "article: clip(max_abs=1)", "405 updates, batches of 32, seed 0", "1438 train, 359 eval",
        "Again: tfx-updaters run ",
    ):  # fmt: skip
        assert said in text, said
    for metrics in json.loads((training / "metrics.json").read_text()).values():
        assert all(f" {value:.4f} " in text for value in metrics.values())
    plots = [svg for svg in root.iter("svg") if svg.get("class") == "plot"]
    points = [[len(line.get("points").split()) for line in plot.iter("polyline")] for plot in plots]
    # Two metrics on two splits over 9 epochs, then layers every 10 steps; the first cosine is not.
    assert points[:2] == [[9, 9], [9, 9]] and len(points) == 6
    assert all(set(each) == {40} for each in points[2:])
    assert any("cosine" in plot.get("aria-label") for plot in plots)
    assert "prefers-color-scheme: dark" in root.findtext("head/style")
    assert not {"script", "link", "img"} & {element.tag for element in root.iter()}


def pushed_models(root):
    return sorted(path.parent for path in root.glob("pushed/digits/*/saved_model.pb"))


def test_a_first_run_pushes_and_a_second_one_has_it_as_its_baseline(command):
    elsewhere = {name: command.folder.parent / name.lower() for name in ("HOME", "TMPDIR")}
    for folder in elsewhere.values():
        folder.mkdir()
    # What other programs' users set must change nothing.
    stray = {"FORCE_COLOR": "1", "KERAS_BACKEND": "torch", "TF_USE_LEGACY_KERAS": "1"}
    first = command("run", env={**os.environ, **elsewhere, **stray})
    assert first.returncode == 0, first
    assert first.stderr == ""
    for node in NODES:
        assert re.search(rf"^  {node} +started$", first.stdout, re.M), node
        assert re.search(rf"^  {node} +done +\d+\.\d s$", first.stdout, re.M), node
    assert re.search(r"epoch +9 of 9: loss", first.stdout)
    assert "none: no model was blessed before" in first.stdout
    said = joined(first.stdout)
    for check in ("gap 0.", "eval accuracy 0.9", "worst eval accuracy by label"):
        assert re.search(rf"passed [^;]*{check}[^;]*with 95 % confidence", said), (check, said)
    judged = named(command, "decision", said)
    assert "✓ Blessed" in judged.read_text()
    decision = Decision.from_json(judged.with_name("decision.json").read_text())
    (training,) = (command.folder / "runs/artifacts/Trainer/model_run").iterdir()
    page = named(command, "page", said)
    check_page(page, decision, training)
    assert all(check.burden == "gate" for check in decision.checks)
    assert "\r" not in first.stdout and "\x1b" not in first.stdout
    assert max(map(len, first.stdout.split("Predict with it:")[0].splitlines()[1:])) <= 80
    assert [path.name for path in command.folder.iterdir()] == ["runs"]
    assert [list(folder.iterdir()) for folder in elsewhere.values()] == [[], []]

    printed = first.stdout.split("Predict with it:")[1].split("\n")[1]
    assert shlex.split(printed)[0] == command.program, "the test's PATH is without it"
    predicted = command(*shlex.split(printed)[1:])
    assert (predicted.returncode, predicted.stderr) == (0, ""), predicted
    rows = [line.split() for line in predicted.stdout.splitlines()[1:]]
    assert len(rows) == 5 and sum(row[1] == row[2] for row in rows) >= 4

    second = command("run")
    assert second.returncode == 0, second
    for node in ("ImportExampleGen", "StatisticsGen", "Transform", "Trainer"):
        assert re.search(rf"^  {node} +cached ", second.stdout, re.M), second.stdout
    # The card may fold a path.
    assert "none: no model" not in second.stdout
    assert "Trainer/model" in re.sub(r"[\s│]", "", second.stdout)
    assert re.search(r"passed +candidate accuracy 0\.\d+, baseline 0\.", joined(second.stdout))

    # The limits are held against the same model without a new training; nothing is pushed.
    refused = command("run", "--min-accuracy", "0.999", "--burden", "model", "--max-gap", "0.001")
    assert refused.returncode == 3, refused
    said = joined(refused.stdout)
    assert re.search(r"gate refused failed", said) and "pushed no" in said
    for limit in ("needed 0.999", "allowed 0.001"):
        assert re.search(rf"failed [^;]*; {limit}", said), said
    assert "✗ Refused" in named(command, "decision", said).read_text()
    later = named(command, "page", said)
    assert "✗ Refused" in later.read_text() and "✓ Blessed" in page.read_text()
    assert "run --min-accuracy 0.999 --burden model --max-gap 0.001" in later.read_text()

    fresh = command("run", "--fresh", "--updater", "per_layer_momentum",
                    "--set", 'layer_momentum_coefs={"conv1": 0.5, "default": 0.9}')  # fmt: skip
    assert fresh.returncode == 0, fresh
    assert "none: no model was blessed before" in fresh.stdout
    assert len(pushed_models(command.folder / "runs")) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--updater", "magnitude_clip", "--set", "max_gradient_value=0.5"],
        ["--updater", "custom_weight_decay"],
    ],
)
def test_each_updater_of_the_article_trains_a_model_that_is_pushed(command, arguments):
    result = command("run", *arguments)
    assert result.returncode == 0, result
    assert len(pushed_models(command.folder / "runs")) == 1


def test_a_model_below_the_gate_is_not_pushed(command):
    result = command("run", "--epochs", "1", "--set", "learning_rate=0.000001")
    assert result.returncode == 3, result
    said = joined(result.stdout)
    assert re.search(r"gate refused ", said)
    assert re.search(r"failed +eval accuracy 0\.\d+, between [^;]*; needed 0\.9 ", said), said
    assert pushed_models(command.folder / "runs") == []


def test_a_node_that_fails_is_named_with_its_cause_and_the_log(command):
    result = command("run", "--epochs", "1", "--updater", "sgd", "--set", "learning_rate=1e30")
    assert result.returncode == 1, result
    assert "Trainer failed: DivergedError: training diverged" in result.stderr
    log = Path(re.search(r"^Log: (.+)$", result.stderr, re.M).group(1))
    assert "Traceback" not in result.stderr + result.stdout
    assert "DivergedError" in log.read_text()


def test_a_rule_that_matches_no_layer_fails_before_the_first_step(command):
    result = command("run", "--set", 'layer_momentum_coefs={"konv1": 0.5, "default": 0.9}')
    assert result.returncode == 1, result
    assert "konv1" in result.stderr and "epoch" not in result.stdout


def test_an_interrupted_run_leaves_what_the_next_one_goes_on_with(command):
    process = command.start("run", "--epochs", "400")
    for line in process.stdout:
        if "epoch " in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, (out, err)
    assert "interrupted during Trainer" in err and "Traceback" not in err

    following = command("run")
    assert following.returncode == 0, following
    assert re.search(r"^  Transform +cached ", following.stdout, re.M)


def test_a_killed_run_leaves_what_the_next_one_goes_on_with(command):
    process = command.start("run", "--epochs", "400")
    for line in process.stdout:
        if "epoch " in line:
            break
    process.kill()
    process.communicate()
    time.sleep(0.5)
    following = command("run", "-v")
    assert following.returncode == 0, following
    assert executions(command.folder / "runs") >= 10
    assert "Component Transform is finished." in following.stderr
