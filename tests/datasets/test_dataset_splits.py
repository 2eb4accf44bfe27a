from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.datasets.records import Dataset, Record
from omniseg_backend.datasets.splits import FoldChoice, split_records
from omniseg_backend.images.classes import ClassTable


def make(patients: int, slices: int = 3, *, stated: bool = True, per_case: bool = True) -> Dataset:
    """``patients`` with ``slices`` each, in one case or each its own, and a test patient."""
    records = [
        Record(
            (Path(f"p{patient}_{number}.png"),),
            Path("mask.png"),
            f"p{patient}_{number}",
            f"p{patient}" if per_case else f"p{patient}_{number}",
            f"patient {patient}",
            number,
            "train" if patient < patients else "test",
        )
        for patient in range(patients + 1)
        for number in range(slices)
    ]
    table = ClassTable.from_names(["c"])
    return Dataset(Path("set"), "set", "", tuple(records), table, ("intensity",), None, stated)


def patients_of(records: tuple[Record, ...]) -> set[str]:
    return {record.patient for record in records}


@pytest.mark.parametrize("text", ["2/5", " 2 / 5 "])
def test_a_fold_is_parsed(text):
    assert FoldChoice.parse(text) == FoldChoice(2, 5)
    assert str(FoldChoice(2, 5)) == "2/5"


@pytest.mark.parametrize(
    "text", ["", "2", "0/5", "6/5", "1/1", "-1/5", "a/b", "1/5/2", "1.5/3", "²/5"]
)
def test_another_fold_is_refused(text):
    with pytest.raises(UsageError, match="the fold"):
        FoldChoice.parse(text)


def test_a_seeded_fifth_of_the_patients_validates():
    dataset = make(10)
    split = split_records(dataset, None, 0)
    assert len(patients_of(split.validation)) == 2
    assert not patients_of(split.train) & patients_of(split.validation)
    assert set(split.train) | set(split.validation) == set(dataset.part("train"))
    assert split.by_patient
    assert "split by patient (10 patients)" in split.statement
    assert split == split_records(dataset, None, 0)


def test_another_seed_chooses_other_patients():
    chosen = {
        frozenset(patients_of(split_records(make(10), None, seed).validation)) for seed in range(8)
    }
    assert len(chosen) > 1


def test_folds_cover_every_training_record_once():
    dataset = make(7)
    folds = [split_records(dataset, FoldChoice(index, 3), 1) for index in (1, 2, 3)]
    validated = [record for fold in folds for record in fold.validation]
    assert sorted(validated, key=str) == sorted(dataset.part("train"), key=str)
    assert all(not patients_of(fold.train) & patients_of(fold.validation) for fold in folds)


def test_more_folds_than_patients_are_refused_when_the_fold_does_not_exist():
    assert split_records(make(4), FoldChoice(4, 5), 0).validation
    with pytest.raises(UsageError, match="allows only 4 folds"):
        split_records(make(4), FoldChoice(5, 5), 0)


@pytest.mark.parametrize("fold", [None, FoldChoice(2, 3)])
@pytest.mark.parametrize("patients", [1, 2])
def test_few_patients_are_split_in_blocks_of_cases(patients, fold):
    dataset = make(patients, slices=12, per_case=False)
    split = split_records(dataset, fold, 3)
    assert not split.by_patient
    assert "not split by patient" in split.statement
    order = [record.file for record in dataset.part("train")]
    places = sorted(order.index(record.file) for record in split.validation)
    assert places == list(range(places[0], places[-1] + 1))
    assert len(split.train) + len(split.validation) == len(order)


def test_blocks_follow_slices_rather_than_names():
    """Names that sort otherwise than their slices must not break neighbours apart."""
    table = ClassTable.from_names(["c"])
    records = tuple(
        Record((Path(),), Path(), f"f{(7 * n) % 10}", f"f{(7 * n) % 10}", "p", n, "train")
        for n in range(10)
    )
    dataset = Dataset(Path("s"), "s", "", records, table, ("x",), None, True)
    held = split_records(dataset, FoldChoice(1, 5), 0).validation
    assert [record.slice for record in held] == [0, 1]


def test_files_without_stated_patients_are_not_called_split_by_patient():
    split = split_records(make(10, 1, stated=False), None, 0)
    assert not split.by_patient
    assert "not split by patient (none is stated)" in split.statement


def test_one_case_cannot_be_split():
    with pytest.raises(DataError, match="1 training case, expected at least two"):
        split_records(make(1), None, 0)
