"""Wrong usage: answered at once, with what was received, what is allowed and the nearest name."""

import json
import subprocess
import sys

import pytest

from tfx_updaters.pipelines.cli.choice import choose

IMPORTS_LIMIT = ("tensorflow", "tfx", "keras", "apache_beam")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "--updater", "magnitude_clp"], ["magnitude_clp", "magnitude_clip"]),
        (["run", "--updater", "sgd", "--set", "learning_rat=1"], ["learning_rat", "learning_rate"]),
        (["run", "--updater", "magnitude_clip", "--set", "max_gradient_value=-1"],
         ["max_gradient_value", "-1"]),
        (["run", "--updater", "magnitude_clip", "--set", "max_gradient_value=abc"],
         ["max_gradient_value", "abc", "number"]),
        (["run", "--set", "max_gradient_value"], ["NAME=VALUE"]),
        (["run", "--set", "learning_rate=1", "--set", "learning_rate=2"], ["twice"]),
        (["run", "--updater", "absent.json"], ["absent.json", "No such file"]),
        (["run", "--epochs", "0"], ["epochs"]),
        (["run", "--updatr", "sgd"], ["--updater"]),
        (["rn"], ["rn"]),
        (["predict", "nowhere", "--data", "x"], ["nowhere", "SavedModel"]),
    ],
)  # fmt: skip
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(command, arguments, expected):
    result = command(*arguments)
    assert result.returncode == 2, result
    for text in expected:
        assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert not (command.folder / "runs").exists()


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('{"updater": "sgd",\n  learning_rate: 1}', ["line 2", "column 3"]),
        ('{"updater": "sdg"}', ["sdg", "sgd"]),
        ('{"updater": "magnitude_clip", "max_gradient_value": true}', ["max_gradient_value"]),
        ('{"learning_rate": 0.1, "transforms": [{"transform": "clip"}]}', ["max_abs"]),
        ('{"learning_rate": 0.1, "transforms": [{"transform": "os.system"}]}', ["os.system"]),
        ("[1, 2]", ["updater"]),
    ],
)
def test_a_wrong_json_file_is_refused(command, document, expected):
    (command.folder / "mine.json").write_text(document)
    result = command("run", "--updater", "mine.json")
    assert result.returncode == 2, result
    assert "mine.json" in result.stderr
    for text in expected:
        assert text in result.stderr


def test_usage_imports_neither_tensorflow_nor_tfx(command):
    """What keeps help and usage errors under half a second; `bench/cli.py` has the seconds."""
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from tfx_updaters.pipelines.cli.main import main\n"
        "result = CliRunner().invoke(main, ['run', '--updater', 'nothing'])\n"
        "assert result.exit_code == 2, result.output\n"
        "assert CliRunner().invoke(main, ['updaters']).exit_code == 0\n"
        f"print([name for name in {IMPORTS_LIMIT} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done


def test_the_catalogue_lists_each_updater_with_its_hyperparameters(command):
    result = command("updaters")
    assert result.returncode == 0
    for text in ("article", "magnitude_clip", "custom_weight_decay", "per_layer_momentum",
                 "--set max_gradient_value=1.0", "Source:"):  # fmt: skip
        assert text in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_settings_change_an_updater_from_a_file(tmp_path):
    document = {"updater": "magnitude_clip", "max_gradient_value": 0.5}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    assert choose(str(path), ["learning_rate=0.2"]).to_json() == {**document, "learning_rate": 0.2}


def test_help_names_the_commands(command):
    result = command("--help")
    assert result.returncode == 0
    for name in ("run", "updaters", "predict"):
        assert f"\n  {name} " in result.stdout
