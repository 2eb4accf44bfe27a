from __future__ import annotations

import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.channels import stated_modality
from omniseg_backend.datasets.class_tables import (
    read_classes_json,
    table_from_names,
    table_from_values,
)
from omniseg_backend.datasets.json_files import read_json_object
from omniseg_backend.images.modality import Modality


def test_gaps_are_kept_and_classes_ordered_by_value(tmp_path):
    table = table_from_names({"spleen": 5, "background": 0, "liver": 1, "kidney": 2}, tmp_path)
    assert table.values == (1, 2, 5)
    assert table.names == ("liver", "kidney", "spleen")


@pytest.mark.parametrize(
    "values",
    [
        {"liver": "1"},
        {"liver": 1.0},
        {"liver": True},
        {"liver": 0},
        {"background": 3, "liver": 1},
        {"liver": [1, 2]},
        {"liver": -1},
        {"liver": 70000},
        {"liver": 1, "spleen": 1},
        {"background": 0},
        {},
    ],
)
def test_values_that_cannot_be_classes_are_refused(tmp_path, values):
    with pytest.raises(DataError) as caught:
        table_from_names(values, tmp_path / "classes.json")
    assert caught.value.subject.endswith("classes.json")


def test_unnamed_classes_take_their_value_or_the_set_s_name(tmp_path):
    assert table_from_values({0, 255}, tmp_path, "polyp").names == ("polyp",)
    assert table_from_values({0, 255}, tmp_path, "polyp").values == (255,)
    several = table_from_values({0, 7, 3}, tmp_path, "organs")
    assert several.names == ("class 3", "class 7")
    assert several.values == (3, 7)


def test_masks_without_labels_or_with_grey_levels_are_refused(tmp_path):
    with pytest.raises(DataError, match="without any labelled pixel"):
        table_from_values({0}, tmp_path, "x")
    with pytest.raises(DataError, match="200 different values"):
        table_from_values(range(201), tmp_path, "x")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"{", "in line 1"),
        (b"[1]", "a JSON list"),
        (b'{"a": 1, "a": 2}', "the name 'a' twice"),
        (b"\xff\xfe{}", "not UTF-8"),
    ],
)
def test_damaged_json_is_refused(tmp_path, content, found):
    path = tmp_path / "classes.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=found):
        read_classes_json(path)


def test_missing_json_is_refused(tmp_path):
    with pytest.raises(DataError, match="found nothing, expected a JSON file"):
        read_json_object(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("names", "modality"),
    [
        (["CT"], Modality.CT),
        (["T1", "T2", "FLAIR"], Modality.MRI),
        (["ultrasound"], Modality.ULTRASOUND),
        (["fluorescence"], Modality.MICROSCOPY),
        (["R", "G", "B"], None),
        (["CT", "T1"], None),
        (["CT", "PET"], None),
        (["octopus"], None),
    ],
)
def test_only_what_channel_names_state_is_a_modality(names, modality):
    assert stated_modality(names) == modality
