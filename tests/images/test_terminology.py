"""Codes of classes: SNOMED CT from pydicom's dictionary, else private ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniseg_backend.bundles.models import available_models
from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.terminology import (
    PRIVATE,
    Code,
    category_of,
    code_of,
    codes_of,
    slicer_terminology,
    snomed_meanings,
)
from omniseg_sample_data.phantoms import PHANTOMS

ROOT = Path(__file__).resolve().parents[2]


def _entry(name: str, snomed: str | None = None) -> ClassEntry:
    return ClassEntry(1, name, (1, 2, 3), snomed)


def test_a_class_with_a_code_of_the_dictionary_keeps_it_and_takes_its_meaning() -> None:
    assert code_of(_entry("liver", "10200004")) == Code("10200004", "SCT", "Liver")
    assert code_of(_entry("left kidney", "64033007")) == Code("64033007", "SCT", "Kidney")


def test_a_code_that_the_dictionary_lacks_is_refused() -> None:
    with pytest.raises(DataError, match=r"99999999.*pydicom's dictionary"):
        code_of(_entry("liver", "99999999"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("left kidney", "left-kidney"),
        ("Liver", "Liver"),
        ("ganglion cell and inner plexiform layer", "gangl-"),
        ("7", "class-"),
        ("10200004", "class-"),
        ("left-kidney", "leftk-"),
    ],
)
def test_private_codes_are_the_name_where_it_is_unambiguous_and_short(
    name: str, value: str
) -> None:
    code = code_of(_entry(name))
    assert code.scheme == PRIVATE
    assert code.meaning == name
    assert code.value == value or (value.endswith("-") and code.value.startswith(value))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=80), unique=True, min_size=2, max_size=8))
def test_private_codes_fit_dicom_differ_and_never_look_like_snomed(names: list[str]) -> None:
    codes = codes_of(ClassTable.from_names(names))
    assert len({code.value for code in codes}) == len(names)
    for code in codes:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,15}", code.value)
        assert 1 <= len(code.meaning) <= 64
        assert "\\" not in code.meaning


def test_two_classes_may_share_a_snomed_code() -> None:
    kidneys = ClassTable(
        (
            ClassEntry(1, "left kidney", (1, 2, 3), "64033007"),
            ClassEntry(2, "right kidney", (4, 5, 6), "64033007"),
        )
    )
    assert {code.value for code in codes_of(kidneys)} == {"64033007"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("liver", "91723000"),
        ("skin lesion", "49755003"),
        ("intracranial haemorrhage", "49755003"),
        ("instrument shaft", "260787004"),
        ("cystic duct", "91723000"),
    ],
)
def test_the_category_is_one_of_the_dictionary(name: str, value: str) -> None:
    category = category_of(_entry(name))
    assert category.value == value
    assert category.meaning in snomed_meanings(value)


def test_slicers_string_has_seven_parts() -> None:
    assert slicer_terminology(_entry("liver", "10200004")) == (
        "Segmentation category and type - DICOM master list"
        "~SCT^123037004^Anatomical Structure~SCT^10200004^Liver~^^"
        "~Anatomic codes - DICOM master list~^^~^^"
    )


def test_slicers_string_survives_its_own_separators_in_a_name() -> None:
    parts = slicer_terminology(_entry("a~b^c|d")).split("~")
    assert len(parts) == 7
    assert parts[2].split("^")[2] == "a b c d"


def test_every_code_that_ships_is_in_the_dictionary_under_its_own_name() -> None:
    entries = list(_shipped())
    assert len(entries) > 20
    for entry in entries:
        if entry.snomed is None:
            assert code_of(entry).scheme == PRIVATE
            continue
        words = set(entry.name.lower().split())
        said = " ".join(snomed_meanings(entry.snomed)).lower()
        assert any(word in said for word in words), (entry, said)


def _shipped() -> Iterator[ClassEntry]:
    for family in PHANTOMS.values():
        yield from family.classes
    for model in available_models():
        if model.origin == "shipped":
            yield from model.manifest.class_table()
    recipes = sorted((ROOT / "docs" / "recipes").glob("*.json"))
    for path in (*recipes, ROOT / "sample_data" / "samples" / "index.json"):
        yield from _stated(json.loads(path.read_text("utf-8")))


def _stated(document: Any) -> Iterator[ClassEntry]:
    """Every object of a document that names a SNOMED code."""
    if isinstance(document, dict):
        if document.get("snomed"):
            yield _entry(document["name"], document["snomed"])
        document = list(document.values())
    for part in document if isinstance(document, list) else ():
        yield from _stated(part)
