"""Splitting the training part into training and validation, by patient."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.files import natural_key
from omniseg_backend.datasets.records import Case, Dataset, Record
from omniseg_backend.metrics.folds import (
    FEWEST_PATIENTS_FOR_HOLD_OUT,
    Folds,
    contiguous_blocks,
    hold_out,
    patient_folds,
)

#: The share of the patients that validates where no fold is asked for.
VALIDATION_SHARE = 0.2
#: One to train on and one to validate on.
FEWEST_CASES = 2


@dataclasses.dataclass(frozen=True)
class FoldChoice:
    """Fold ``index`` (from 1) of ``count``."""

    index: int
    count: int

    def __post_init__(self) -> None:
        if self.count < 2 or not 1 <= self.index <= self.count:
            raise _fold_error(str(self))

    @classmethod
    def parse(cls, text: str) -> FoldChoice:
        """Read ``k/n``, such as ``2/5``: the second of five folds.

        Raises:
            UsageError: ``text`` is something else, or k is not from 1 to n, or n is below 2.
        """
        match = re.fullmatch(r"\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})\s*", text)
        if match is None:
            raise _fold_error(text)
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


@dataclasses.dataclass(frozen=True)
class Split:
    """Which records are trained on and which validate.

    Attributes:
        train: Records to train on, in the data set's order.
        validation: Records to validate on, in the data set's order; whole cases.
        by_patient: Whether no patient is on both sides. False too where the data set states no
            patients, since nobody knows then.
        statement: How the split was made, for the model card.
    """

    train: tuple[Record, ...]
    validation: tuple[Record, ...]
    by_patient: bool
    statement: str


def split_records(dataset: Dataset, fold: FoldChoice | None, seed: int) -> Split:
    """Split the training part; the test part is never touched.

    Patients are kept whole. With fewer than three patients, contiguous blocks of cases take
    their place, in the order of patient, slice and name, so that neighbouring frames stay
    together; the statement says so.

    Args:
        dataset: Where the records come from.
        fold: Which fold validates; None for a seeded fifth of the patients.
        seed: Decides which patients go together.

    Raises:
        DataError: There are fewer than two cases.
        UsageError: The fold does not exist because there are too few patients or cases.
    """
    cases = sorted(dataset.cases("train"), key=_place)
    if len(cases) < FEWEST_CASES:
        raise DataError(
            dataset.root,
            found=counted(len(cases), "training case"),
            expected="at least two, one to train on and one to validate on",
            remedy="add labelled cases",
        )
    if fold is None:
        parted = hold_out([case.patient for case in cases], VALIDATION_SHARE, seed)
        how = f"a fifth validates, chosen with seed {seed}"
    else:
        folds = _folds(cases, fold, seed)
        parted = folds.splits[fold.index - 1]
        how = f"fold {fold.index} of {folds.used} validates"
    held = {cases[index].name for index in parted.validation}
    records = dataset.part("train")
    by_patient = parted.by_patient and dataset.patients_stated
    return Split(
        train=tuple(record for record in records if record.case not in held),
        validation=tuple(record for record in records if record.case in held),
        by_patient=by_patient,
        statement=f"{_unit(dataset, cases, parted.by_patient)}; {how}",
    )


def _place(case: Case) -> tuple[object, ...]:
    return (natural_key(case.patient), case.records[0].slice or 0, natural_key(case.name))


def _folds(cases: Sequence[Case], fold: FoldChoice, seed: int) -> Folds:
    patients = [case.patient for case in cases]
    if len(set(patients)) < FEWEST_PATIENTS_FOR_HOLD_OUT:
        folds = contiguous_blocks(len(cases), fold.count)
    else:
        folds = patient_folds(patients, fold.count, seed)
    if fold.index > folds.used:
        raise UsageError(
            "the fold",
            found=f"{fold} for a data set that allows only {counted(folds.used, 'fold')}",
            expected=f"a fold from 1/{folds.used} to {folds.used}/{folds.used}",
            remedy="ask for one of these or add patients",
        )
    return folds


def _unit(dataset: Dataset, cases: Sequence[Case], by_patient: bool) -> str:
    patients = len({case.patient for case in cases})
    if not by_patient:
        few = counted(patients, "patient")
        return f"not split by patient ({few} only) but in blocks of {counted(len(cases), 'case')}"
    if not dataset.patients_stated:
        return f"not split by patient (none is stated) but by {counted(patients, 'file')}"
    return f"split by patient ({counted(patients, 'patient')})"


def _fold_error(text: str) -> UsageError:
    return UsageError(
        "the fold",
        found=repr(text),
        expected="k/n with n at least 2 and k from 1 to n",
        remedy="write, for example, 2/5",
    )
