"""`tfx-updaters kfp compile`: our pipeline and others from the command line, and bad input."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made import Document

from tfx_updaters.pipelines.cli.main import main

OURS = ("--data", "gs://bucket/digits", "--shape", "8x8x1", "--classes", "10",
        "--push-to", "gs://bucket/pushed")  # fmt: skip
HEAVY = ("tensorflow", "tfx", "keras", "apache_beam", "kfp", "kfp_server_api", "kubernetes")
PIPELINE = """
from parts import EXAMPLES
from tfx.components import CsvExampleGen, StatisticsGen
from tfx.orchestration.pipeline import Pipeline


def create_pipeline():
    source = CsvExampleGen(EXAMPLES)
    statistics = StatisticsGen(examples=source.outputs["examples"])
    return Pipeline("theirs", pipeline_root="/local", components=[source, statistics])


def with_arguments(root, name="a"):
    return create_pipeline()


def broken():
    raise OSError("no such table")


def nothing():
    pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a pipeline and the settings of its nodes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "parts.py").write_text('EXAMPLES = "gs://bucket/csv"\n')
    (tmp_path / "theirs.py").write_text(PIPELINE)
    (tmp_path / "nodes.yaml").write_text("Trainer: {gpu: 1, gpu_resource: nvidia.com/gpu}\n")
    (tmp_path / "volume.yaml").write_text('"*": {claims: [{name: data, path: /data}]}\n')
    (tmp_path / "unknown.yaml").write_text("Trianer: {cpu: 2}\n")
    (tmp_path / "dead.py").write_text("import no_such_package\n")
    (tmp_path / "tfx.py").write_text("")
    yield tmp_path
    for name in ("parts", "theirs", "dead"):
        sys.modules.pop(name, None)


def compiling(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["kfp", "compile", "--image", "cpu:1", *arguments])


def compiled(*arguments: str) -> Document:
    result = compiling(*arguments)
    assert result.exit_code == 0, result.output
    return Document(Path("pipeline.yaml"))


def test_our_pipeline_compiles_with_its_options(folder: Path) -> None:
    made = compiled(*OURS, "--gpu-image", "gpu:1", "--nodes", "nodes.yaml", "--root", "s3://b/runs",
                    "--updater", "momentum", "--epochs", "3", "--min-accuracy", "0.7")  # fmt: skip
    assert made.spec["pipelineInfo"]["name"] == "digits"
    assert made.spec["defaultPipelineRoot"] == "s3://b/runs"
    assert made.container("Trainer")["image"] == "gpu:1"
    assert made.container("Trainer")["resources"]["accelerator"]["resourceCount"] == "1"
    assert made.container("Evaluator")["image"] == "cpu:1"
    text = made.path.read_text()
    for words in ("gs://bucket/digits", "gs://bucket/pushed", "momentum", '"epochs": 3', "0.7"):
        assert words in text.replace('\\"', '"'), words


def test_nothing_of_this_machine_is_in_it_and_the_bytes_are_the_same(folder: Path) -> None:
    first = compiled(*OURS).path.read_bytes()
    assert compiled(*OURS).path.read_bytes() == first
    for place in (str(folder), str(Path.home()), sys.prefix, str(Path(__file__).parents[2])):
        assert place == "/" or f"{place}/".encode() not in first


def test_data_may_be_on_a_volume(folder: Path) -> None:
    arguments = [each.replace("gs://bucket", "/data") for each in OURS]
    made = compiled(*arguments, "--nodes", "volume.yaml", "--name", "mine")
    assert made.spec["pipelineInfo"]["name"] == "mine"
    given = made.task("ImportExampleGen")["inputs"]["parameters"]["input_base"]
    assert given == {"runtimeValue": {"constant": "/data/digits"}}


@pytest.mark.parametrize("where", ["theirs", "theirs.py", "./theirs.py"])
def test_any_function_that_makes_a_pipeline(folder: Path, where: str) -> None:
    """A module of the current folder, and a file; what is beside it can be imported."""
    made = compiled(f"{where}:create_pipeline")
    assert made.spec["pipelineInfo"]["name"] == "theirs"
    assert "CsvExampleGen" in made.tasks


def test_a_file_in_another_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert "CsvExampleGen" in compiled("../theirs.py:create_pipeline").tasks


def changed(option: str, value: str) -> list[str]:
    words = list(OURS)
    words[words.index(option) + 1] = value
    return words


# Those that have no need of TensorFlow are refused without it.
EARLY = {
    "local data": (changed("--data", "data"), "--data: received data, which is on this machine"),
    "a name": (changed("--data", "digits"), "no container has it: use gs://"),
    "a store that tensorflow lacks": (
        changed("--data", "s3://bucket/x"), "TensorFlow opens no s3:// addresses: use gs://, or"
    ),
    "a place to push to": (changed("--push-to", "minio://b/x"), "--push-to: received minio://b/x"),
    "no data": (OURS[2:], "--data is needed for this package's pipeline"),
    "no shape": ([*OURS[:2], *OURS[4:]], "--shape is needed"),
    "shape": (changed("--shape", "8x8"), "HEIGHTxWIDTHxCHANNELS is needed, such as 28x28x1"),
    "classes": (changed("--classes", "1"), "--classes"),
    "updater": ([*OURS, "--updater", "momentm"], "momentum"),
    "both": (["theirs.py:create_pipeline", "--epochs", "3"], "--epochs is for this package's"),
    "data for another": (["theirs:create_pipeline", "--data", "gs://x"], "--data is for this"),
    "no function": (["theirs.py"], "MODULE:FUNCTION or FILE.py:FUNCTION is needed"),
    "no file": (["their.py:create_pipeline"], "there is no file their.py"),
    "nodes": ([*OURS, "--nodes", "theirs.py"], "theirs.py"),
    "no nodes": ([*OURS, "--nodes", "gone.yaml"], "gone.yaml"),
    "option": ([*OURS, "--gpu-imag", "x"], "--gpu-image"),
}  # fmt: skip
LATE = {
    "no module": (["nowhere.else:make"], "there is no module 'nowhere.else'"),
    "no function of that name": (
        ["theirs.py:create_pipelin"], "did you mean 'create_pipeline'"
    ),
    "arguments": (["theirs.py:with_arguments"], "takes root; a function without arguments"),
    "it fails": (["theirs.py:broken"], "theirs.py:broken failed: OSError: no such table"),
    "no pipeline": (["theirs.py:nothing"], "gave a NoneType; a tfx Pipeline is needed"),
    "no package": (["dead.py:make"], "dead.py cannot be imported: No module named 'no_such_pack"),
    "the name of a package": (["tfx.py:make"], "a module 'tfx' is there already"),
    "node": ([*OURS, "--nodes", "unknown.yaml"], "no node 'Trianer'; did you mean 'Trainer'"),
    "local root": ([*OURS, "--root", "/tmp/x"], "gs:// or minio:// or s3://"),
    "volume that is not mounted": (
        changed("--data", "/data/digits"), "received the path /data/digits, which no container has"
    ),
    "output": ([*OURS, "--output", "pipeline.json"], "KFP loads files that end in .yaml"),
    "folder of the output": ([*OURS, "--output", "no/pipeline.yaml"], "no/pipeline.yaml: No such"),
}  # fmt: skip


def refused(arguments: Sequence[str], says: str) -> None:
    result = compiling(*arguments)
    assert result.exit_code == 2, result.output
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert not Path("pipeline.yaml").exists()


@pytest.mark.parametrize("case", [*EARLY, *LATE])
def test_bad_input_is_refused_with_what_to_do(case: str, folder: Path) -> None:
    refused(*{**EARLY, **LATE}[case])


def test_what_is_better_done_otherwise_is_said(folder: Path) -> None:
    (folder / "retried.yaml").write_text("Trainer: {retry: {times: 2}}\n")
    result = compiling(*OURS, "--nodes", "retried.yaml")
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("Warning: node 'Trainer': a retry begins with the first step")
    assert len(result.stderr.splitlines()) == 1


def test_a_pipeline_without_an_image_is_refused(folder: Path) -> None:
    result = CliRunner().invoke(main, ["kfp", "compile", *OURS])
    assert result.exit_code == 2 and "has no image" in result.output


def test_what_needs_no_tensorflow_does_not_import_it(folder: Path) -> None:
    """Help, and what is refused early."""
    commands = [["kfp", "compile", *arguments] for arguments, _ in EARLY.values()]
    commands += [["kfp", name, "--help"] for name in ("run", "compile", "submit")]
    script = (
        "import sys\nfrom click.testing import CliRunner\n"
        "from tfx_updaters.pipelines.cli.main import main\n"
        f"for words in {commands!r}:\n"
        "    assert CliRunner().invoke(main, words).exit_code in (0, 2), words\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done
