"""NodeConfig: where and how one node of a pipeline runs on the cluster."""

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfx_updaters.kfp.errors import ConfigError

# Kubernetes' quantities (apimachinery/pkg/api/resource/quantity.go).
_QUANTITY = re.compile(r"\d+(\.\d+)?(m|[kMGTPE]|[KMGTPE]i|e\d+)?")
# Names of extended resources, such as `amd.com/gpu` or `nvidia.com/mig-1g.5gb`, and of labels.
_RESOURCE = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_LABEL = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
# Names of secrets, config maps and claims, and of variables.
_OBJECT = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")


@dataclass(frozen=True)
class Toleration:
    """A taint that a node's pod may run on.

    Attributes:
        key: of the taint.
        value: of the taint; none is any.
        effect: one of `NoSchedule`, `PreferNoSchedule`, `NoExecute`; none is all of them.
    """

    key: str
    value: str | None = None
    effect: str | None = None

    def __post_init__(self) -> None:
        """Checks the values."""
        _match(_LABEL, "toleration.key", self.key, "the key of a taint")
        allowed = " or ".join(EFFECTS)
        _need(self.effect in (None, *EFFECTS), "toleration.effect", self.effect, allowed)


@dataclass(frozen=True)
class Affinity:
    """A condition on the labels of the machine that a node's pod runs on.

    Attributes:
        key: of the label.
        operator: `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
        values: what the label is compared with.
        weight: 1 to 100 for a preference; none is a requirement.
    """

    key: str
    operator: str = "Exists"
    values: tuple[str, ...] = ()
    weight: int | None = None

    def __post_init__(self) -> None:
        """Checks the values."""
        _match(_LABEL, "affinity.key", self.key, "the key of a label")
        _need(
            self.operator in OPERATORS, "affinity.operator", self.operator, " or ".join(OPERATORS)
        )
        bare = self.operator in ("Exists", "DoesNotExist")
        needed = "none beside Exists and DoesNotExist, else at least one"
        _need(bare != bool(self.values), "affinity.values", self.values, needed)
        fits = self.weight is None or (_whole(self.weight, 1) and self.weight <= 100)
        _need(fits, "affinity.weight", self.weight, "1 to 100, or none")


@dataclass(frozen=True)
class Claim:
    """A persistent volume claim that exists, mounted at a path.

    Attributes:
        name: of the claim.
        path: where it is mounted.
        sub_path: what of it is mounted; none is all.
    """

    name: str
    path: str
    sub_path: str | None = None

    def __post_init__(self) -> None:
        """Checks the values."""
        _match(_OBJECT, "claim.name", self.name, "the name of a claim")
        _absolute("claim.path", self.path)


@dataclass(frozen=True)
class _Reference:
    """By name, never by content: as variables, or as files in a folder."""

    name: str
    env: Mapping[str, str] = field(default_factory=dict)
    path: str | None = None

    def __post_init__(self) -> None:
        """Checks the values."""
        what = type(self).__name__
        if not isinstance(self.name, str) or not _OBJECT.fullmatch(self.name):
            # Not repeated: it may be the secret itself.
            raise ConfigError(
                f"{what}: what was received is no name of an object in the cluster; a reference "
                "is needed, never the content"
            )
        for variable in self.env.values():
            _match(_VARIABLE, f"{what} {self.name}: env", variable, "{key: VARIABLE}")
        needed = "exactly one of env and path"
        _need(bool(self.env) != bool(self.path), f"{what} {self.name}", self, needed)
        if self.path:
            _absolute(f"{what} {self.name}: path", self.path)


@dataclass(frozen=True)
class Secret(_Reference):
    """A secret of the cluster: `env` {its key: variable}, or `path`, a folder of a file a key."""


@dataclass(frozen=True)
class ConfigMap(_Reference):
    """A config map: `env` {its key: variable}, or `path`, a folder with a file for each key."""


@dataclass(frozen=True)
class Retry:
    """How often a failed node is started again, and after how long.

    Attributes:
        times: how often at most.
        backoff: seconds before the first time.
        factor: by which each further wait is longer.
        longest: seconds that a wait lasts at most.
    """

    times: int
    backoff: float = 10.0
    factor: float = 2.0
    longest: float = 3600.0

    def __post_init__(self) -> None:
        """Checks the numbers."""
        _need(_whole(self.times, 1), "retry.times", self.times, "1 or more")
        _need(_real(self.backoff, 0), "retry.backoff", self.backoff, "0 or more seconds")
        _need(_real(self.factor, 1), "retry.factor", self.factor, "1 or more")
        _need(_real(self.longest, 0), "retry.longest", self.longest, "0 or more seconds")


@dataclass(frozen=True)
class NodeConfig:
    """Where and how a node runs. What is left out is what `"*"`, for all nodes, says, if it does.

    The service account is not here: KFP takes it for a whole run, when the run is submitted.

    Attributes:
        image: in place of the image for its kind.
        cpu: cores, such as `2` or `"500m"`.
        memory: such as `"4Gi"`.
        gpu: how many.
        gpu_resource: what they are called in the cluster: `nvidia.com/gpu`, `amd.com/gpu`,
            `nvidia.com/mig-1g.5gb`. A pod with a GPU tolerates the taint of that name, and its
            `/dev/shm` is made of memory.
        shared_memory: size of `/dev/shm`, such as `"8Gi"`; none is half of the machine's memory
            beside a GPU and 64 MB elsewhere.
        gpu_machines: whether a pod without a GPU may run on a machine that has some; none is no.
            A cluster whose only machines have GPUs needs a yes.
        node_selector: labels that the machine needs.
        tolerations: taints that it may have, beside that of the GPU.
        affinity: conditions on its labels.
        claims: volumes.
        secrets, config_maps: as variables or as folders.
        env: variables. Nothing secret: they are in the document.
        beam: options of Beam in place of the pipeline's, such as `("--runner=FlinkRunner",
            "--flink_master=flink:8081")`.
        retry: after a failure; none is not at all.
        timeout: seconds that one try may last.
        cache: whether outputs of an earlier run are used again; none is what the pipeline says.
        labels: of the pod.
    """

    image: str | None = None
    cpu: str | int | float | None = None
    memory: str | None = None
    gpu: int | None = None
    gpu_resource: str | None = None
    shared_memory: str | None = None
    gpu_machines: bool | None = None
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    affinity: tuple[Affinity, ...] = ()
    claims: tuple[Claim, ...] = ()
    secrets: tuple[Secret, ...] = ()
    config_maps: tuple[ConfigMap, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    beam: tuple[str, ...] = ()
    retry: Retry | None = None
    timeout: int | None = None
    cache: bool | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            ConfigError: a value that is refused: what was received and what is allowed.
        """
        _need(self.image is None or bool(self.image), "image", self.image, "a name")
        for name in ("cpu", "memory", "shared_memory"):
            value = getattr(self, name)
            _need(value is None or _quantity(value), name, value, "a quantity such as 2 or '4Gi'")
        _need(self.gpu is None or _whole(self.gpu, 0), "gpu", self.gpu, "0 or more")
        if self.gpu and self.gpu_resource is None:
            raise ConfigError(
                f"gpu: received {self.gpu} without gpu_resource; say what it is called in the "
                "cluster: nvidia.com/gpu, amd.com/gpu or nvidia.com/mig-1g.5gb"
            )
        if self.gpu_resource is not None:
            kind = "a resource of the cluster such as nvidia.com/gpu"
            _match(_RESOURCE, "gpu_resource", self.gpu_resource, kind)
        for name, kind in _TUPLES.items():
            _listed(name, getattr(self, name), kind)
        for name, pattern in (("node_selector", _LABEL), ("labels", _LABEL), ("env", _VARIABLE)):
            _texts(name, getattr(self, name), pattern)
        options = isinstance(self.beam, tuple) and all(
            isinstance(option, str) and option.startswith("--") for option in self.beam
        )
        _need(options, "beam", self.beam, "a tuple of texts such as '--runner=FlinkRunner'")
        _need(isinstance(self.retry, Retry | None), "retry", self.retry, "a Retry")
        seconds = "1 or more whole seconds"
        _need(self.timeout is None or _whole(self.timeout, 1), "timeout", self.timeout, seconds)
        for name in ("gpu_machines", "cache"):
            value = getattr(self, name)
            _need(isinstance(value, bool | None), name, value, "True, False or None")

    def over(self, base: "NodeConfig") -> "NodeConfig":
        """This one, with what it leaves out from `base`; mappings are joined."""
        merged: dict[str, Any] = {}
        for item in dataclasses.fields(self):
            mine, theirs = getattr(self, item.name), getattr(base, item.name)
            if isinstance(mine, Mapping):
                merged[item.name] = {**theirs, **mine}
            else:
                merged[item.name] = theirs if mine is None or mine == () else mine
        return NodeConfig(**merged)

    @property
    def mounts(self) -> tuple[str, ...]:
        """The folders that exist in the pod because of this configuration."""
        references = (*self.secrets, *self.config_maps)
        paths = [claim.path for claim in self.claims] + [other.path for other in references]
        return tuple(path for path in paths if path)


_TUPLES: dict[str, type] = {
    "tolerations": Toleration,
    "affinity": Affinity,
    "claims": Claim,
    "secrets": Secret,
    "config_maps": ConfigMap,
}
# The fields that have fields of their own.
PARTS: dict[str, type] = {**_TUPLES, "retry": Retry}
# A file that names a field that is not there is refused (pydantic, in `node_file.py`).
for _kind in (NodeConfig, *PARTS.values()):
    _kind.__pydantic_config__ = {"extra": "forbid"}


def _listed(name: str, values: Any, kind: type) -> None:
    fits = isinstance(values, tuple) and all(isinstance(value, kind) for value in values)
    if not fits and kind is Secret:
        raise ConfigError(f"{name}: a tuple of Secret is needed, references and never contents")
    _need(fits, name, values, f"a tuple of {kind.__name__}")


def _texts(name: str, values: Any, pattern: re.Pattern[str]) -> None:
    fits = isinstance(values, Mapping) and all(isinstance(value, str) for value in values.values())
    _need(fits, name, values, "a mapping of texts")
    for key in values:
        _match(pattern, name, key, "a valid key")


def _quantity(value: Any) -> bool:
    number = isinstance(value, int | float | str) and not isinstance(value, bool)
    return number and _QUANTITY.fullmatch(str(value)) is not None


def _match(pattern: re.Pattern[str], name: str, value: Any, allowed: str) -> None:
    fits = isinstance(value, str) and pattern.fullmatch(value) is not None
    _need(fits, name, value, allowed)


def _absolute(name: str, path: Any) -> None:
    _need(isinstance(path, str) and path.startswith("/"), name, path, "an absolute path")


def _whole(value: Any, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= low


def _real(value: Any, low: float) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and low <= value and math.isfinite(value)


def _need(fits: bool, name: str, value: Any, allowed: str) -> None:
    if not fits:
        raise ConfigError(f"{name}: received {value!r}; {allowed} is allowed")
