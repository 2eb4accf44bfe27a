"""What a run's bundle says of itself."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")


def test_classes_carry_the_codes_of_their_names() -> None:
    from omniseg_backend.images.classes import ClassTable
    from omniseg_backend.training.self_description import classes_of

    found = classes_of(ClassTable.from_names(["spleen", "blob"], [3, 7]))
    assert [(one.value, one.name, one.snomed) for one in found] == [
        (3, "spleen", "78961009"),
        (7, "blob", None),
    ]
