"""The contract of `tfx_updaters.optimizers.testing` on every transform and every updater."""

import pytest
import subjects

from tfx_updaters.optimizers import registered
from tfx_updaters.optimizers.testing import CHECKS, SHAPES


def cases():
    for subject, make in subjects.MAKERS.items():
        for name, check in CHECKS.items():
            by_order = any(word in subject for word in subjects.BY_ORDER)
            if name == "order_of_variables" and by_order:
                continue
            yield pytest.param(check, make, id=f"{name}: {subject}")


@pytest.mark.parametrize(("check", "make"), cases())
def test_contract(check, make):
    check(make)


def test_every_registered_transform_is_a_subject():
    used = set()

    def add(transform):
        used.add(transform.name)
        if hasattr(transform, "inner"):
            add(transform.inner)

    for chain in subjects.TRANSFORMS:
        for transform in chain:
            add(transform)
    assert used == set(registered())


def test_the_shapes_have_a_kernel_a_bias_and_a_scalar():
    assert {len(shape) for shape in SHAPES.values()} == {0, 1, 2, 4}
