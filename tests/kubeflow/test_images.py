"""`tfx-updaters kfp image` and `run --in-images` with programs in the place of Docker and Podman.

What the real thing makes of it is tried in tests/images.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from documents import Task, document

from tfx_updaters.kfp.image import build
from tfx_updaters.pipelines.cli.main import main

PROJECT = Path(__file__).resolve().parents[2]
MARK = "some-host.invalid"
# Writes its words, keeps the folder that is built from and the secrets, and does as it is told.
ENGINE = """#!/bin/sh
[ "$1" = info ] && { echo "$INFO" >&2; exit ${INFO:+1}; }
printf '%s\\n' "$(basename "$0")" "$@" >> "$SEEN/words"
for word; do
    case $word in id=*) cp -p "${word#*src=}" "$SEEN/${word%%,*}" ;; esac
    last=$word
done
[ "$1" = build ] && cp -r "$last" "$SEEN/context"
exit ${STATUS:-0}
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with what the engine saw; Docker alone is installed."""
    folder = tmp_path / "seen"
    folder.mkdir()
    monkeypatch.setenv("SEEN", str(folder))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("PIP_INDEX_URL", f"https://name:password@{MARK}/simple")
    monkeypatch.setattr("shutil.which", lambda name: installed(tmp_path, name))
    install(tmp_path, "docker")
    return folder


def install(folder: Path, name: str) -> None:
    program = folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(ENGINE)
    program.chmod(0o755)


def installed(folder: Path, name: str) -> str | None:
    program = folder / "bin" / name
    return str(program) if program.exists() else None


def kfp(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["kfp", *map(str, words)])


def words(seen: Path) -> list[str]:
    return (seen / "words").read_text().splitlines()


def following(seen: Path, flag: str) -> list[str]:
    """What follows each use of a flag."""
    given = words(seen)
    return [given[place + 1] for place, word in enumerate(given) if word == flag]


def test_what_the_engine_is_told(seen: Path) -> None:
    result = kfp("image", "nodes:1", "--target", "gpu", "--base", "own:1")
    assert result.exit_code == 0, result.output
    assert words(seen)[:2] == ["docker", "build"]
    assert following(seen, "--tag") == ["nodes:1"]
    assert following(seen, "--target") == ["gpu"]
    assert following(seen, "--build-arg") == ["BASE=own:1"]


def test_every_target_and_the_base_are_in_the_dockerfile(seen: Path) -> None:
    assert kfp("image", "nodes").exit_code == 0
    lines = (seen / "context/Dockerfile").read_text().splitlines()
    stages = {line.split()[-1] for line in lines if line.startswith("FROM ")}
    assert set(build.TARGETS) <= stages
    assert f"ARG BASE={build.BASE}" in lines


def test_the_constraints_are_those_of_this_project(seen: Path) -> None:
    assert kfp("image", "nodes").exit_code == 0
    pins = (PROJECT / "environment/constraints.txt").read_text()
    assert (seen / "context/constraints.txt").read_text() == pins
    assert "nvidia-cudnn-cu12==" in pins


def test_the_package_in_the_image_is_this_one(seen: Path, tmp_path: Path) -> None:
    assert kfp("image", "nodes").exit_code == 0
    (wheel,) = (seen / "context/own").glob("*.whl")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    subprocess.run([*install, "--target", tmp_path / "there", wheel], check=True, env=environment)
    for floor in ("optimizers", "components", "kfp", "pipelines"):
        here = {p.relative_to(PROJECT) for p in (PROJECT / floor).rglob("*.*")}
        root = tmp_path / "there/tfx_updaters"
        there = {p.relative_to(root) for p in (root / floor).rglob("*.*")}
        assert {p for p in here if p.suffix != ".pyc"} == {p for p in there if p.suffix != ".pyc"}
    code = "import importlib.metadata as m, tfx_updaters.kfp.image.package as p; print(p.__file__)"
    code += "; print(m.version('tfx-updaters')); p.pack(__import__('pathlib').Path('.'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "there")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [f"{root}/kfp/image/package.py", "0.1.0"]
    # Packed again from where a wheel is installed it is the same one.
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_users_code_is_there_by_its_names(seen: Path, tmp_path: Path) -> None:
    for path in ("one.py", "package/__init__.py", "package/part.py", "folder/two.py",
                 "folder/inner/__init__.py", "folder/.env", "folder/__pycache__/two.pyc",
                 "package/.git/config"):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"# {path}")
    paths = [
        word for name in ("one.py", "package", "folder") for word in ("--code", tmp_path / name)
    ]
    (tmp_path / "needs.txt").write_text("some-package\n")
    result = kfp("image", "nodes", *paths, "--requirements", tmp_path / "needs.txt")
    assert result.exit_code == 0, result.output
    own = seen / "context/own"
    found = {str(p.relative_to(own / "code")) for p in (own / "code").rglob("*") if p.is_file()}
    assert found == {
        "one.py", "package/__init__.py", "package/part.py", "two.py", "inner/__init__.py"
    }  # fmt: skip
    assert (own / "requirements.txt").read_text() == "some-package\n"


def test_pips_settings_are_mounted_and_not_in_what_is_built_from(seen: Path) -> None:
    assert kfp("image", "nodes").exit_code == 0
    settings = seen / "id=pip"
    assert f"index-url = https://name:password@{MARK}/simple" in settings.read_text()
    assert settings.stat().st_mode & 0o077 == 0
    assert MARK not in (seen / "words").read_text()
    for path in (seen / "context").rglob("*"):
        assert path.is_dir() or MARK.encode() not in path.read_bytes()


def test_certificates_are_mounted_too(
    seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bundle.pem").write_text("certificates")
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "bundle.pem"))
    assert kfp("image", "nodes").exit_code == 0
    assert (seen / "id=certificates").read_text() == "certificates"
    assert "cert = /run/secrets/certificates" in (seen / "id=pip").read_text()


def test_an_engine_that_does_not_work_is_passed_over(
    seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin/docker").write_text("#!/bin/sh\necho no daemon >&2; exit 1\n")
    install(tmp_path, "podman")
    assert kfp("image", "nodes").exit_code == 0
    assert words(seen)[0] == "podman"
    monkeypatch.setenv("INFO", "no user namespaces")
    result = kfp("image", "nodes")
    assert result.exit_code == 1
    for reason in ("docker: no daemon", "podman: no user namespaces", "buildah: not installed"):
        assert reason in result.output


def test_a_failed_build_exits_with_1(seen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUS", "7")
    result = kfp("image", "nodes")
    assert result.exit_code == 1
    assert "docker build failed with status 7" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--target", "gpus"], "'cpu', 'gpu'", id="target"),
        pytest.param(["--engine", "dokcer"], "'docker', 'podman', 'buildah'", id="engine"),
        pytest.param(["--code", "gone.py"], "'gone.py' does not exist", id="no such code"),
        pytest.param(["--requirements", "gone.txt"], "does not exist", id="no requirements"),
        pytest.param(["--code", "empty"], "empty holds nothing", id="an empty folder"),
        pytest.param(["--code", "tfx"], "'tfx' would hide the module 'tfx'", id="hides TFX"),
        pytest.param(["--code", "types.py"], "would hide the module 'types'", id="hides Python's"),
        pytest.param(["--code", "a.py", "--code", "more"], "both be 'a.py'", id="a name twice"),
    ],
)
def test_wrong_usage_exits_with_2_before_anything_is_built(
    seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("tfx/__init__.py", "types.py", "a.py", "more/a.py", "empty/.hidden"):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).touch()
    result = kfp("image", "nodes", *arguments)
    assert result.exit_code == 2, result.output
    assert says in " ".join(result.output.split())
    assert not list(seen.iterdir())


def in_image(folder: Path, claim: Path) -> Path:
    """A document with one task, whose pod has a claim."""
    container = {
        "image": "nodes", "command": ["echo", "a b"], "env": [{"name": "COLOUR", "value": "red"}]
    }  # fmt: skip
    content = document({"task": Task(executor={"container": container})})
    label = content["components"]["task"]["executorLabel"]
    mount = {"pvcMount": [{"constant": "data", "mountPath": str(claim)}]}
    pods = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {label: mount}}}}}
    path = folder / "pipeline.yaml"
    path.write_text(yaml.safe_dump_all([content, pods]))
    return path


def test_a_node_is_started_in_its_image(seen: Path, tmp_path: Path) -> None:
    path = in_image(tmp_path, claim=seen)
    result = kfp("run", path, "--root", tmp_path / "root", "--in-images")
    assert result.exit_code == 0, result.output
    given = words(seen)
    assert given[:2] == ["docker", "run"]
    assert {"--rm", "--read-only"} <= set(given)
    assert following(seen, "--entrypoint") == ["echo"]
    assert given[-2:] == ["nodes", "a b"]
    assert "COLOUR=red" in following(seen, "--env")
    assert not [each for each in following(seen, "--env") if each.startswith("PATH=")]
    volumes = dict(each.split(":") for each in following(seen, "-v"))
    (run,) = (tmp_path / "root/runs").iterdir()
    node = str(run / "task/node")
    assert volumes.pop(f"{node}/work") == "/tmp"
    assert volumes == {each: each for each in (node, str(tmp_path / "root/store"), str(seen))}


def test_a_claim_that_is_not_here_is_named(seen: Path, tmp_path: Path) -> None:
    path = in_image(tmp_path, claim=tmp_path / "gone")
    result = kfp("run", path, "--root", tmp_path / "root", "--in-images")
    assert result.exit_code == 1
    assert f"a claim is mounted at {tmp_path / 'gone'}" in result.output


def test_an_engine_is_for_images(tmp_path: Path) -> None:
    path = in_image(tmp_path, claim=tmp_path)
    result = kfp("run", path, "--engine", "docker")
    assert result.exit_code == 2
    assert "--engine goes with --in-images" in result.output
