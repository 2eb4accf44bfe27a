from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.records import Dataset, Record, group_cases
from omniseg_backend.images.classes import ClassTable


def record(file: str, case: str, slice_: int | None, patient: str = "p", part: str = "train"):
    return Record((Path(f"{file}.png"),), Path(f"{file}_m.png"), file, case, patient, slice_, part)


def test_cases_are_in_slice_order_and_parts_apart():
    records = (
        record("x", "a", 10),
        record("y", "a", 2),
        record("z", "b", None, part="test"),
        record("w", "a", 0),
    )
    dataset = Dataset(
        Path(), "d", "", records, ClassTable.from_names(["c"]), ("intensity",), None, True
    )
    assert [one.file for one in dataset.part("train")] == ["x", "y", "w"]
    (case,) = dataset.cases("train")
    assert [one.file for one in case.records] == ["w", "y", "x"]
    assert [one.name for one in dataset.cases()] == ["a", "b"]
    assert dataset.cases("test")[0].patient == "p"


def test_a_case_of_two_patients_cannot_be_grouped():
    with pytest.raises(DataError, match="one patient per case"):
        group_cases((record("x", "a", 0, "p"), record("y", "a", 1, "q")))
