"""`tfx-updaters compare` as a user types it: refused at once, run, gone on with, repeated."""

import json
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import pytest

from tfx_updaters.components.study.plan import Plan

SHORT = ("--seeds", 2, "--rates", 0, "--epochs", 1)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["--updaters"]),
        (["--updaters", "momentum"], ["momentum; two or more"]),
        (["--updaters", "momentum,momentun"], ["did you mean 'momentum'"]),
        (["--updaters", "sgd,momentum,sgd"], ["'sgd' twice"]),
        (["--updaters", "sgd,mine.json"], ["sgd and mine are the same chain"]),
        (["--updaters", "sgd,absent.json"], ["absent.json", "No such file"]),
        (["--updaters", "sgd,momentum", "--seeds", "1"], ["received 1", "cannot tell"]),
        (["--updaters", "sgd,momentum", "--rates", "4"], ["tuning.rates", "odd"]),
        (["--updaters", "sgd,momentum", "--metric", "acuracy"], ["did you mean 'accuracy'"]),
        (["--updaters", "sgd,momentum", "--condition", "outlier=0.1"], ["'outliers'"]),
        (["--updaters", "sgd,momentum", "--target", "nan"], ["target: received nan"]),
        (["--updaters", "sgd,momentum", "--tuning-seeds", "0"], ["tuning.seeds: received 0"]),
        (["--updaters", "sgd,momentum", "--first-seed", "-1"], ["first_seed: received -1"]),
        (["--updaters", "sgd,momentum", "--confidence", "95"], ["confidence: received 95"]),
        (["--updaters", "sgd,momentum", "--condition", "outliers=0.1:"], ["outliers=0.1:20"]),
        (["--updaters", "sgd,momentum", "--condition", "label_noise=0.1:3"], ["strength"]),
    ],
    ids=[
        "none", "one", "unknown", "twice", "same chain", "no file", "one seed", "even grid",
        "unknown metric", "unknown condition", "no number", "no tuning seed",
        "no such seed", "percent", "no strength", "no such strength",
    ],
)  # fmt: skip
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(command, arguments, expected):
    (command.folder / "mine.json").write_text('{"learning_rate": 1, "transforms": []}')
    result = command("compare", *arguments)
    assert result.returncode == 2, result
    for text in expected:
        assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert not (command.folder / "study").exists()


def test_usage_imports_neither_tensorflow_nor_tfx():
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from tfx_updaters.pipelines.cli.main import main\n"
        "result = CliRunner().invoke(main, ['compare', '--updaters', 'sgd'])\n"
        "assert result.exit_code == 2, result.output\n"
        "heavy = ('tensorflow', 'tfx', 'keras', 'apache_beam')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done


def test_data_that_are_not_there_are_an_error(command):
    result = command("compare", "--updaters", "sgd,momentum", "--data", "nowhere")
    assert result.returncode == 1
    assert "nowhere does not exist" in result.stderr


def times(folder):
    return {p: p.stat().st_mtime_ns for p in folder.glob("study/trials/**/*.json")}


def test_ctrl_c_ends_a_study_that_goes_on(command):
    arguments = ("compare", "--updaters", "sgd,momentum", *SHORT)
    process = command.start(*arguments)
    while process.poll() is None and not times(command.folder):
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "interrupted; the same command goes on from here" in err
    kept = times(command.folder)
    assert 0 < len(kept) < 4
    assert command(*arguments).returncode == 0
    after = times(command.folder)
    assert len(after) == 4 and all(after[path] == kept[path] for path in kept)
    assert {json.loads(path.read_text())["status"] for path in after} <= {"done", "diverged"}


def test_a_study_from_end_to_end(command):
    result = command("compare", "--updaters", "sgd,momentum", *SHORT, "--target", 0.99)
    assert result.returncode == 0, result
    assert "momentum and sgd, clean: no difference shown" in result.stdout
    assert "2 seeds cannot show a difference" in result.stdout
    assert "No training reached the target of 0.99 accuracy." in result.stdout
    assert max(map(len, result.stdout.splitlines()[1:-3])) <= 80
    document = json.loads((command.folder / "study" / "result.json").read_text())
    page = command.folder / "study" / "report.html"
    assert f"Report: {page}\nNumbers: {page.with_name('result.json')}" in result.stdout
    assert document["verdicts"][0]["sentence"] in "".join(ET.parse(page).getroot().itertext())
    assert document["origin"]["what"] in result.stdout and "10 classes" in page.read_text()
    again = document["origin"]["command"]
    assert (
        again == "tfx-updaters compare --updaters sgd,momentum --seeds 2 --rates 0 --epochs 1 "
        "--target 0.99"
    )
    plan = Plan.from_json(document["plan"])
    assert [arm.name for arm in plan.arms] == ["sgd", "momentum"]
    assert [len(arm["trials"]) for arm in document["arms"]] == [2, 2]

    before = times(command.folder)
    assert len(before) == 4
    next(iter(before)).unlink()
    again = command("compare", "--updaters", "sgd,momentum", *SHORT, "--target", 0.99)
    assert again.returncode == 0, again
    after = times(command.folder)
    assert sum(after[path] != before[path] for path in before) == 1

    other = command("compare", "--updaters", "sgd,momentum", *SHORT, "--target", 0.98)
    assert other.returncode == 1
    assert "plan.target was 0.99, is 0.98" in other.stderr
    assert times(command.folder) == after
