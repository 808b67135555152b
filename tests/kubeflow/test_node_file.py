"""NodeConfigs as a file: what is read, and what is refused with the nearest name."""

import json
from pathlib import Path

import pytest

from tfx_updaters.kfp import node_file
from tfx_updaters.kfp.errors import ConfigError
from tfx_updaters.kfp.nodes import (
    Affinity,
    Claim,
    ConfigMap,
    NodeConfig,
    Retry,
    Secret,
    Toleration,
)

FULL = {
    "*": {"cpu": 2, "memory": "4Gi", "labels": {"team": "vision"}},
    "Trainer": {
        "image": "mine:1", "cpu": 0.5, "gpu": 1, "gpu_resource": "nvidia.com/gpu",
        "shared_memory": "8Gi", "node_selector": {"pool": "gpu"}, "timeout": 3600, "cache": False,
        "gpu_machines": True, "beam": ["--runner=FlinkRunner"],
        "tolerations": [{"key": "spot", "effect": "NoSchedule"}],
        "affinity": [{"key": "zone", "operator": "In", "values": ["a", "b"], "weight": 5}],
        "claims": [{"name": "data", "path": "/data"}],
        "secrets": [{"name": "store", "env": {"key": "AWS_ACCESS_KEY_ID"}}],
        "config_maps": [{"name": "settings", "path": "/settings"}],
        "env": {"LEVEL": "1"},
        "retry": {"times": 2, "backoff": 5},
    },
}  # fmt: skip
READ = {
    "*": NodeConfig(cpu=2, memory="4Gi", labels={"team": "vision"}),
    "Trainer": NodeConfig(
        image="mine:1", cpu=0.5, gpu=1, gpu_resource="nvidia.com/gpu", shared_memory="8Gi",
        node_selector={"pool": "gpu"}, timeout=3600, cache=False, gpu_machines=True,
        beam=("--runner=FlinkRunner",),
        tolerations=(Toleration("spot", effect="NoSchedule"),),
        affinity=(Affinity("zone", "In", ("a", "b"), 5),), claims=(Claim("data", "/data"),),
        secrets=(Secret("store", {"key": "AWS_ACCESS_KEY_ID"}),),
        config_maps=(ConfigMap("settings", path="/settings"),), env={"LEVEL": "1"},
        retry=Retry(2, 5),
    ),
}  # fmt: skip


def test_every_field_can_be_written_down(tmp_path: Path) -> None:
    assert set(FULL["Trainer"]) | set(FULL["*"]) == set(NodeConfig.__dataclass_fields__)
    path = tmp_path / "nodes.json"
    path.write_text(json.dumps(FULL))
    assert node_file.read(path) == READ


def test_yaml_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "nodes.yaml"
    path.write_text('"*": {cpu: 2}\nTrainer:\n  claims:\n    - {name: data, path: /data}\n')
    expected = {"*": NodeConfig(cpu=2), "Trainer": NodeConfig(claims=(Claim("data", "/data"),))}
    assert node_file.read(path) == expected


REFUSED = {
    "unknown field": ("T: {gpus: 1}", "T: there is no 'gpus'; did you mean 'gpu'?"),
    "unknown field of a part": (
        "T: {retry: {time: 2}}", "T.retry: there is no 'time'; did you mean 'times'?"
    ),
    "unknown field in a list": (
        "T: {tolerations: [{key: a, efect: b}]}", "tolerations.0: .*did you mean 'effect'"
    ),
    "part without a field": ("T: {claims: [{name: a}]}", r"claims.0.path: .*required"),
    "another type": ("T: {timeout: soon}", "T.timeout: received 'soon'; .*integer"),
    "text for a flag": ("T: {cache: 'yes'}", "T.cache: received 'yes'; .*boolean"),
    "number in a text": ("T: {node_selector: {a: 1}}", "node_selector.a: received 1; .*string"),
    "no list": ("T: {tolerations: {key: a}}", "T.tolerations: .*array"),
    "gpu without a resource": ("T: {gpu: 1}", "received 1 without gpu_resource"),
    "twice": ("T: {cpu: 1}\nU: {cpu: 1}\nT: {cpu: 2}", "line 3: 'T' is there twice"),
    "field twice": ("T:\n  cpu: 1\n  cpu: 2", "line 3: 'cpu' is there twice"),
    "list of nodes": ("- T", "received ['T']; .*object".replace("[", r"\[").replace("]", r"\]")),
    "nothing": ("", "received None; .*object"),
    "no yaml": ("T: {cpu: 1", "line 1: no YAML: "),
    "a date": ("T: {image: 2026-01-01}", "cannot be read: .*date"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_is_refused_with_what_is_allowed(case: str, tmp_path: Path) -> None:
    text, message = REFUSED[case]
    path = tmp_path / "nodes.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        node_file.read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        node_file.read(tmp_path / "gone.yaml")


SECRETS = {
    "as a name": "T: {secrets: [{name: 'S3CRET!', env: {a: B}}]}",
    "as an item": "T: {secrets: [S3CRET]}",
    "as a list": "T: {secrets: S3CRET}",
    "as a key's variable": "T: {secrets: [{name: store, env: S3CRET}]}",
    "as a number": "T: {env: {A: 53123}}",
    "in a line that is no yaml": "T: {secrets: [S3CRET",
}


@pytest.mark.parametrize("case", SECRETS)
def test_what_should_be_a_reference_is_not_repeated(case: str, tmp_path: Path) -> None:
    path = tmp_path / "nodes.yaml"
    path.write_text(SECRETS[case])
    with pytest.raises(ConfigError) as caught:
        node_file.read(path)
    error: BaseException | None = caught.value
    assert not {"S3CRET", "53123"} & {*str(error).replace("'", " ").replace("!", " ").split()}
    assert caught.value.__suppress_context__ or "S3CRET" not in str(caught.value.__context__)
