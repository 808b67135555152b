"""NodeConfig in the document, beside what kfp-kubernetes writes for it, and what it refuses."""

import warnings

import made
import pytest
import yaml
from kfp import compiler, dsl, kubernetes
from tfx import components as tfx

from tfx_updaters.kfp.errors import ConfigError
from tfx_updaters.kfp.nodes import (
    Affinity,
    Claim,
    ConfigMap,
    NodeConfig,
    Retry,
    Secret,
    Toleration,
)  # fmt: skip

EVERYTHING = NodeConfig(
    cpu="500m", memory="4Gi", gpu=2, gpu_resource="nvidia.com/mig-1g.5gb", shared_memory="2Gi",
    node_selector={"pool": "gpus"}, tolerations=(Toleration("spot", "yes", "NoSchedule"),),
    affinity=(
        Affinity("zone", "In", ("a", "b")), Affinity("ready"), Affinity("fast", weight=5)
    ),
    claims=(Claim("data", "/data"),),
    secrets=(Secret("key", env={"id": "AWS_ACCESS_KEY_ID"}), Secret("cert", path="/cert")),
    config_maps=(ConfigMap("site", env={"k": "SITE"}), ConfigMap("conf", path="/conf")),
    env={"B": "2", "A": "1"}, retry=Retry(3, backoff=10, factor=2, longest=100), timeout=60,
    labels={"team": "vision"},
)  # fmt: skip


@dsl.container_component
def peer():
    return dsl.ContainerSpec(image="x", command=["x"])


@dsl.pipeline(name="peer")
def peers():
    task = peer()
    task.set_cpu_limit("500m").set_memory_limit("4Gi")
    task.set_accelerator_type("nvidia.com/mig-1g.5gb").set_accelerator_limit(2)
    task.set_retry(3, "10s", 2, "100s").set_env_variable("A", "1").set_env_variable("B", "2")
    kubernetes.add_node_selector(task, "pool", "gpus")
    kubernetes.add_toleration(task, "spot", "Equal", "yes", "NoSchedule")
    kubernetes.add_toleration(task, "nvidia.com/gpu", "Exists")
    kubernetes.add_toleration(task, "nvidia.com/mig-1g.5gb", "Exists")
    required = [
        {"key": "zone", "operator": "In", "values": ["a", "b"]},
        {"key": "ready", "operator": "Exists"},
    ]
    kubernetes.add_node_affinity(task, match_expressions=required)
    fast = [{"key": "fast", "operator": "Exists"}]
    kubernetes.add_node_affinity(task, match_expressions=fast, weight=5)
    kubernetes.mount_pvc(task, "data", "/data")
    kubernetes.use_secret_as_env(task, "key", {"id": "AWS_ACCESS_KEY_ID"})
    kubernetes.use_secret_as_volume(task, "cert", "/cert")
    kubernetes.use_config_map_as_env(task, "site", {"k": "SITE"})
    kubernetes.use_config_map_as_volume(task, "conf", "/conf")
    kubernetes.empty_dir_mount(task, "shared-memory", "/dev/shm", medium="Memory", size_limit="2Gi")
    kubernetes.set_timeout(task, 60)
    kubernetes.add_pod_label(task, "team", "vision")


def without_false(value):
    """The value without fields that are false, which a message does not tell from absent ones."""
    if isinstance(value, dict):
        return {k: without_false(v) for k, v in value.items() if v is not False}
    return [without_false(each) for each in value] if isinstance(value, list) else value


def test_everything_is_written_as_kfp_kubernetes_writes_it(tmp_path):
    compiler.Compiler().compile(peers, str(tmp_path / "peer.yaml"))
    theirs = made.Document(tmp_path / "peer.yaml")
    node = made.pipeline([tfx.CsvExampleGen(made.DATA)])
    ours = made.compiled(node, tmp_path, {"CsvExampleGen": EVERYTHING})
    assert ours.pod("CsvExampleGen") == without_false(theirs.pod("peer"))
    mine, other = (d.container(n) for d, n in ((ours, "CsvExampleGen"), (theirs, "peer")))
    assert mine["env"] == other["env"]
    deprecated = {"cpuLimit", "memoryLimit"}
    wanted = {k: v for k, v in other["resources"].items() if k not in deprecated}
    assert mine["resources"] == wanted
    assert ours.task("CsvExampleGen")["retryPolicy"] == theirs.task("peer")["retryPolicy"]


def test_a_node_has_what_is_said_for_all_beside_its_own(tmp_path):
    common = NodeConfig(cpu=2, memory="1Gi", env={"A": "all", "B": "all"}, cache=False)
    own = NodeConfig(memory="8Gi", env={"A": "own"}, cache=True)
    nodes = {"*": common, "CsvExampleGen": own}
    document = made.compiled(made.pipeline([tfx.CsvExampleGen(made.DATA)]), tmp_path, nodes)
    container = document.container("CsvExampleGen")
    assert container["resources"] == {"resourceCpuLimit": "2", "resourceMemoryLimit": "8Gi"}
    assert container["env"] == [{"name": "A", "value": "own"}, {"name": "B", "value": "all"}]
    assert document.task("CsvExampleGen")["cachingOptions"] == {"enableCache": True}


def test_a_retry_that_would_begin_with_the_first_step_is_said(tmp_path):
    def compiled(trainer: NodeConfig) -> None:
        nodes = {"Trainer": trainer, "*": made.MOUNTS}
        made.compiled(made.main(), tmp_path, nodes, pipeline_root=made.ROOT)

    with pytest.warns(UserWarning, match="node 'Trainer': a retry begins with the first step"):
        compiled(NodeConfig(retry=Retry(3)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = {"TFX_UPDATERS_CHECKPOINTS": "/pipe/checkpoints"}
        compiled(NodeConfig(retry=Retry(3), env=kept))


def test_a_node_has_its_own_runner_of_beam(tmp_path):
    flink = NodeConfig(beam=("--runner=FlinkRunner", "--flink_master=flink:8081"))
    nodes = {"StatisticsGen": flink, "*": made.MOUNTS}
    document = made.compiled(made.main(), tmp_path, nodes, pipeline_root=made.ROOT)
    assert document.container("StatisticsGen")["args"][-2:] == list(flink.beam)
    assert "--runner=FlinkRunner" not in document.container("Evaluator")["args"]


def test_without_configuration_there_is_none_in_the_document(tmp_path):
    anywhere = {"*": NodeConfig(gpu_machines=True)}
    document = made.compiled(made.pipeline([tfx.CsvExampleGen(made.DATA)]), tmp_path, anywhere)
    assert document.pods == {}
    assert set(document.container("CsvExampleGen")) == {"args", "command", "image"}


def kept_from(config: NodeConfig, folder) -> set[str]:
    """The labels that a machine must not have."""
    node = made.pipeline([tfx.CsvExampleGen(made.DATA)])
    pod = made.compiled(node, folder, {"CsvExampleGen": config}).pod("CsvExampleGen")
    (term,) = pod.get("nodeAffinity", [{}])
    return {
        each["key"] for each in term.get("matchExpressions", ())
        if each["operator"] == "DoesNotExist"
    }  # fmt: skip


def test_a_pod_without_a_gpu_stays_off_machines_that_have_some(tmp_path):
    labels = kept_from(NodeConfig(), tmp_path)
    assert {"nvidia.com/gpu.present", "cloud.google.com/gke-accelerator"} <= labels
    asked = NodeConfig(node_selector={"nvidia.com/gpu.present": "true"})
    assert kept_from(asked, tmp_path) == labels - {"nvidia.com/gpu.present"}
    assert kept_from(NodeConfig(gpu=1, gpu_resource="nvidia.com/gpu"), tmp_path) == set()


def test_an_amd_gpu_has_its_own_toleration_and_image(tmp_path):
    config = NodeConfig(gpu=1, gpu_resource="amd.com/gpu", image="rocm:1")
    node = made.pipeline([tfx.CsvExampleGen(made.DATA)])
    document = made.compiled(node, tmp_path, {"CsvExampleGen": config})
    tolerations = document.pod("CsvExampleGen")["tolerations"]
    assert tolerations == [{"key": "amd.com/gpu", "operator": "Exists"}]
    assert document.container("CsvExampleGen")["image"] == "rocm:1"


REFUSED = {
    "gpu without resource": (lambda: NodeConfig(gpu=1), "gpu_resource"),
    "negative gpu": (lambda: NodeConfig(gpu=-1, gpu_resource="nvidia.com/gpu"), "0 or more"),
    "gpu resource": (lambda: NodeConfig(gpu=1, gpu_resource="V100"), "nvidia.com/gpu"),
    "memory": (lambda: NodeConfig(memory="4 GB"), "4Gi"),
    "cpu": (lambda: NodeConfig(cpu=True), "a quantity"),
    "timeout": (lambda: NodeConfig(timeout=0), "1 or more"),
    "retry": (lambda: NodeConfig(retry=3), "a Retry"),
    "retries": (lambda: Retry(0), "1 or more"),
    "backoff": (lambda: Retry(1, backoff=float("nan")), "0 or more seconds"),
    "cache": (lambda: NodeConfig(cache="no"), "True, False or None"),
    "one toleration": (lambda: NodeConfig(tolerations=Toleration("a")), "a tuple of Toleration"),
    "effect": (lambda: Toleration("a", effect="Never"), "NoSchedule"),
    "operator": (lambda: Affinity("a", "Is", ("b",)), "NotIn"),
    "values": (lambda: Affinity("a", "In"), "at least one"),
    "weight": (lambda: Affinity("a", weight=101), "1 to 100"),
    "claim path": (lambda: Claim("a", "data"), "an absolute path"),
    "secret as both": (lambda: Secret("a", env={"k": "V"}, path="/x"), "exactly one"),
    "secret as neither": (lambda: Secret("a"), "exactly one"),
    "variable": (lambda: NodeConfig(env={"a b": "c"}), "a valid key"),
    "beam": (lambda: NodeConfig(beam=("FlinkRunner",)), "--runner=FlinkRunner"),
    "beam as a text": (lambda: NodeConfig(beam="--runner=FlinkRunner"), "a tuple of texts"),
    "label": (lambda: NodeConfig(labels={"a": 1}), "a mapping of texts"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_what_is_allowed(case):
    make, allowed = REFUSED[case]
    with pytest.raises(ConfigError, match=allowed):
        make()


@pytest.mark.parametrize("case", ["a text for a Secret", "a content for a name"])
def test_a_secret_that_is_no_reference_is_refused_and_not_repeated(case):
    make = {
        "a text for a Secret": lambda: NodeConfig(secrets=("hunter2!",)),
        "a content for a name": lambda: Secret("hunter2!", env={"k": "V"}),
    }[case]
    with pytest.raises(ConfigError) as caught:
        make()
    assert "reference" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_documents_are_plain_yaml(tmp_path):
    nodes = {"CsvExampleGen": EVERYTHING}
    document = made.compiled(made.pipeline([tfx.CsvExampleGen(made.DATA)]), tmp_path, nodes)
    text = document.path.read_text()
    assert len(list(yaml.safe_load_all(text))) == 2
    assert "!!" not in text and "&id" not in text
