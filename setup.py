"""Layout only: the folders of the repository are installed as the namespace `tfx_updaters`."""

from setuptools import find_namespace_packages, setup

ROOMS = ("optimizers", "components", "kfp", "pipelines")
INCLUDE = [pattern for room in ROOMS for pattern in (room, f"{room}.*")]

setup(
    package_dir={"tfx_updaters": "."},
    packages=[f"tfx_updaters.{name}" for name in find_namespace_packages(include=INCLUDE)],
    package_data={"": ["py.typed", "*.yaml", "*.html", "Dockerfile", "constraints.txt"]},
    options={"editable_wheel": {"mode": "strict"}},
)
