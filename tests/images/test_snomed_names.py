"""Codes by name: what pydicom's dictionary holds word for word, and nothing else."""

from __future__ import annotations

import pytest

from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.snomed_names import snomed_named, with_snomed
from omniseg_backend.images.terminology import snomed_meanings


@pytest.mark.parametrize(
    "name", ["liver", "Spleen", "left ventricle", "cerebrospinal  fluid", "L5 vertebra"]
)
def test_a_name_that_is_a_concept_has_its_code(name: str) -> None:
    code = snomed_named(name)
    assert code is not None
    wanted = " ".join(name.casefold().split())
    assert wanted in [meaning.casefold() for meaning in snomed_meanings(code)]


@pytest.mark.parametrize(("british", "american"), [("grey matter", "gray matter")])
def test_both_spellings_are_one_concept(british: str, american: str) -> None:
    assert snomed_named(british) == snomed_named(american) is not None


@pytest.mark.parametrize(
    "name",
    [
        "left kidney",  # the dictionary holds kidneys without their sides
        "class 1",
        "thing",
        "lens",  # of an eye and of spectacles; not among segments
        "fat",  # two concepts
        "",
    ],
)
def test_other_names_have_none(name: str) -> None:
    assert snomed_named(name) is None


def test_a_stated_code_stays_and_the_others_are_looked_up() -> None:
    stated = ClassEntry(1, "liver", (1, 2, 3), "10200004")
    other = ClassEntry(2, "spleen", (1, 2, 3), "64033007")
    silent = ClassEntry(5, "heart", (4, 5, 6))
    unknown = ClassEntry(9, "left kidney", (7, 8, 9))
    table = with_snomed(ClassTable((stated, other, silent, unknown)))
    assert [entry.snomed for entry in table] == ["10200004", "64033007", "80891009", None]
    assert table.values == (1, 2, 5, 9)
    assert table.names == ("liver", "spleen", "heart", "left kidney")
