"""A node's configuration in the terms of KFP's documents: the pipeline's and Kubernetes' own."""

from collections.abc import Iterable
from typing import Any

from google.protobuf import duration_pb2
from kfp.kubernetes import kubernetes_executor_config_pb2 as kubernetes
from kfp.pipeline_spec import pipeline_spec_pb2 as spec

from tfx_updaters.kfp.nodes import Affinity, NodeConfig, Retry, Toleration

Container = spec.PipelineDeploymentConfig.PipelineContainerSpec
_SHARED_MEMORY = "/dev/shm"
# Labels of machines with GPUs: set by NVIDIA's GPU feature discovery, by AMD's node labeller, and
# by GKE, EKS and AKS.
GPU_LABELS = (
    "nvidia.com/gpu.present", "amd.com/gpu.device-id", "cloud.google.com/gke-accelerator",
    "k8s.amazonaws.com/accelerator", "kubernetes.azure.com/accelerator",
)  # fmt: skip


def resources(config: NodeConfig) -> Any:
    """CPU, memory and GPUs of a container; what is not named is left to the cluster."""
    wanted = Container.ResourceSpec()
    if config.cpu is not None:
        wanted.resource_cpu_limit = str(config.cpu)
    if config.memory is not None:
        wanted.resource_memory_limit = config.memory
    if config.gpu:
        # The older names beside the newer ones, as the SDK writes them.
        wanted.accelerator.type = wanted.accelerator.resource_type = config.gpu_resource
        wanted.accelerator.count = config.gpu
        wanted.accelerator.resource_count = str(config.gpu)
    return wanted


def retry_policy(retry: Retry) -> spec.PipelineTaskSpec.RetryPolicy:
    """How a task is tried again."""
    return spec.PipelineTaskSpec.RetryPolicy(
        max_retry_count=retry.times,
        backoff_duration=_duration(retry.backoff),
        backoff_factor=retry.factor,
        backoff_max_duration=_duration(retry.longest),
    )


def executor_config(config: NodeConfig) -> kubernetes.KubernetesExecutorConfig:
    """What a pod is beside its container: machines, taints, volumes, secrets, time, labels.

    KFP's backend reads it by the executor's label (kubernetes_platform's
    `kubernetes_executor_config.proto`). Shared memory is an `empty_dir_mount` of memory, as the
    backend has no code for `enabled_shared_memory`.
    """
    result = kubernetes.KubernetesExecutorConfig(
        node_affinity=_affinity((*config.affinity, *_away_from_gpus(config))),
        tolerations=[_toleration(each) for each in tolerations(config)],
        pvc_mount=[
            kubernetes.PvcMount(
                constant=claim.name, pvc_name_parameter=_constant(claim.name),
                mount_path=claim.path, sub_path=claim.sub_path or "",
            )
            for claim in config.claims
        ],
        active_deadline_seconds=config.timeout or 0,
    )  # fmt: skip
    if config.node_selector:
        result.node_selector.labels.update(config.node_selector)
    if config.labels:
        result.pod_metadata.labels.update(config.labels)
    if config.gpu or config.shared_memory:
        result.empty_dir_mounts.add(
            volume_name="shared-memory", mount_path=_SHARED_MEMORY, medium="Memory",
            size_limit=config.shared_memory,
        )  # fmt: skip
    _add_references(result, config)
    return result


def tolerations(config: NodeConfig) -> tuple[Toleration, ...]:
    """Those that are named, and with a GPU those of its resource and of its maker's GPUs."""
    if not config.gpu:
        return config.tolerations
    resource = str(config.gpu_resource)
    maker = f"{resource.split('/')[0]}/gpu"
    return (*config.tolerations, *(Toleration(key) for key in dict.fromkeys((maker, resource))))


def _add_references(result: kubernetes.KubernetesExecutorConfig, config: NodeConfig) -> None:
    for secret in config.secrets:
        named = {"secret_name": secret.name, "secret_name_parameter": _constant(secret.name)}
        if secret.path:
            result.secret_as_volume.add(**named, mount_path=secret.path)
            continue
        variables = result.secret_as_env.add(**named).key_to_env
        for key, variable in sorted(secret.env.items()):
            variables.add(secret_key=key, env_var=variable)
    for other in config.config_maps:
        named = {"config_map_name": other.name, "config_map_name_parameter": _constant(other.name)}
        if other.path:
            result.config_map_as_volume.add(**named, mount_path=other.path)
            continue
        variables = result.config_map_as_env.add(**named).key_to_env
        for key, variable in sorted(other.env.items()):
            variables.add(config_map_key=key, env_var=variable)


def _away_from_gpus(config: NodeConfig) -> Iterable[Affinity]:
    """The taints of GPU machines are not everywhere; a label that is asked for stays allowed."""
    if config.gpu or config.gpu_machines:
        return ()
    asked = {*config.node_selector, *(each.key for each in config.affinity)}
    return (Affinity(label, "DoesNotExist") for label in GPU_LABELS if label not in asked)


def _affinity(conditions: Iterable[Affinity]) -> list[kubernetes.NodeAffinityTerm]:
    """One term for all that is required, as Kubernetes takes any one of several terms."""
    required = kubernetes.NodeAffinityTerm()
    terms = []
    for condition in conditions:
        term = required
        if condition.weight is not None:
            term = kubernetes.NodeAffinityTerm(weight=condition.weight)
            terms.append(term)
        term.match_expressions.add(
            key=condition.key, operator=condition.operator, values=condition.values
        )
    return [required, *terms] if required.match_expressions else terms


def _toleration(toleration: Toleration) -> kubernetes.Toleration:
    return kubernetes.Toleration(
        key=toleration.key,
        operator="Exists" if toleration.value is None else "Equal",
        value=toleration.value or "",
        effect=toleration.effect or "",
    )


def _constant(text: str) -> spec.TaskInputsSpec.InputParameterSpec:
    parameter = spec.TaskInputsSpec.InputParameterSpec()
    parameter.runtime_value.constant.string_value = text
    return parameter


def _duration(seconds: float) -> duration_pb2.Duration:
    return duration_pb2.Duration(seconds=int(seconds), nanos=round(seconds % 1 * 1e9))
