"""Parting cases into training and validation so that a patient is never on both sides.

Splits depend on the patients' names and the seed alone: the order is that of SHA-256 digests,
not of a random generator, whose stream may change between versions of numpy.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Sequence

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.wording import counted

#: With fewer patients than this, a held-out patient leaves at most one to train on.
FEWEST_PATIENTS_FOR_HOLD_OUT = 3


@dataclasses.dataclass(frozen=True)
class Split:
    """Two disjoint parts that together hold every case.

    Attributes:
        training: Indices of cases, ascending.
        validation: Indices of cases, ascending.
        by_patient: Whether each patient is on one side only; if not, the model card says so.
    """

    training: tuple[int, ...]
    validation: tuple[int, ...]
    by_patient: bool


@dataclasses.dataclass(frozen=True)
class Folds:
    """Splits whose validation parts hold each case exactly once.

    Attributes:
        asked: Number of folds asked for.
        splits: The folds.
        by_patient: Whether each patient is on one side only, in every fold.
    """

    asked: int
    splits: tuple[Split, ...]
    by_patient: bool

    @property
    def used(self) -> int:
        """Number of folds made: no more than there are patients (or cases)."""
        return len(self.splits)

    @property
    def statement(self) -> str:
        """For reports: ``3 folds by patient (5 asked for)``."""
        how = "by patient" if self.by_patient else "of contiguous cases, not split by patient"
        fewer = "" if self.used == self.asked else f" ({self.asked} asked for)"
        return f"{counted(self.used, 'fold')} {how}{fewer}"


def patient_folds(patients: Sequence[str], k: int, seed: int) -> Folds:
    """Part cases into folds by patient, with about equally many cases in each.

    Patients are shuffled by the seed, sorted by their number of cases and dealt, largest
    first, to the fold with the fewest cases. There are ``min(k, number of patients)`` folds.
    A single patient cannot be parted so: then contiguous blocks of cases are made instead and
    ``by_patient`` is false.

    Args:
        patients: For each case, whose it is.
        k: Number of folds asked for, at least 2.
        seed: Another seed deals the patients another way.

    Raises:
        UsageError: ``k`` is below 2.
        DataError: There are fewer than two cases.
    """
    _require_folds(k)
    _require_two_cases(len(patients))
    order = _shuffled(patients, seed)
    if len(order) < 2:
        return contiguous_blocks(len(patients), k)
    cases = dict.fromkeys(order, 0)
    for patient in patients:
        cases[patient] += 1
    used = min(k, len(order))
    load = [0] * used
    fold_of: dict[str, int] = {}
    for patient in sorted(order, key=lambda name: -cases[name]):
        lightest = load.index(min(load))
        fold_of[patient] = lightest
        load[lightest] += cases[patient]
    assigned = [fold_of[patient] for patient in patients]
    return _folds(assigned, used, k, by_patient=True)


def contiguous_blocks(n_cases: int, k: int) -> Folds:
    """Part cases into blocks of neighbours in their given order, where patients cannot serve.

    Neighbouring cases of one patient (frames of a video, of a pullback) resemble each other;
    blocks let training and validation touch at their borders only.

    Args:
        n_cases: Number of cases.
        k: Number of blocks asked for, at least 2; there are ``min(k, n_cases)``.

    Raises:
        UsageError: ``k`` is below 2.
        DataError: There are fewer than two cases.
    """
    _require_folds(k)
    _require_two_cases(n_cases)
    used = min(k, n_cases)
    assigned = [index * used // n_cases for index in range(n_cases)]
    return _folds(assigned, used, k, by_patient=False)


def hold_out(patients: Sequence[str], fraction: float = 0.2, seed: int = 0) -> Split:
    """Set aside a seeded fraction of the patients, with all their cases, for validation.

    At least one patient is set aside and at least one is left. With fewer than three patients
    one of ``round(1 / fraction)`` contiguous blocks of cases is set aside instead and
    ``by_patient`` is false.

    Args:
        patients: For each case, whose it is.
        fraction: Share of the patients, above 0 and at most one half.
        seed: Another seed sets other patients aside.

    Raises:
        UsageError: ``fraction`` is out of range.
        DataError: There are fewer than two cases.
    """
    if not 0.0 < fraction <= 0.5:
        raise UsageError(
            "validation fraction",
            found=f"{fraction}",
            expected="a share above 0 and at most 0.5",
            remedy="use 0.2 for a fifth",
        )
    _require_two_cases(len(patients))
    order = _shuffled(patients, seed)
    if len(order) < FEWEST_PATIENTS_FOR_HOLD_OUT:
        blocks = contiguous_blocks(len(patients), round(1.0 / fraction)).splits
        return blocks[int.from_bytes(_digest("block", seed)[:8], "big") % len(blocks)]
    count = max(1, math.floor(fraction * len(order) + 0.5))
    chosen = set(order[:count])
    return _split([patient in chosen for patient in patients], by_patient=True)


def _shuffled(patients: Sequence[str], seed: int) -> list[str]:
    """Each patient once, in an order set by the seed whatever the cases' order."""
    return sorted(set(patients), key=lambda patient: (_digest(patient, seed), patient))


def _digest(text: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{text}".encode()).digest()


def _folds(assigned: Sequence[int], used: int, asked: int, *, by_patient: bool) -> Folds:
    splits = tuple(
        _split([number == fold for number in assigned], by_patient=by_patient)
        for fold in range(used)
    )
    return Folds(asked, splits, by_patient)


def _split(validates: Sequence[bool], *, by_patient: bool) -> Split:
    return Split(
        tuple(index for index, held in enumerate(validates) if not held),
        tuple(index for index, held in enumerate(validates) if held),
        by_patient,
    )


def _require_folds(k: int) -> None:
    if k < 2:
        raise UsageError(
            "folds",
            found=f"{k}",
            expected="at least 2 folds",
            remedy="ask for 5, or for 3 to follow the paper",
        )


def _require_two_cases(n_cases: int) -> None:
    if n_cases < 2:
        raise DataError(
            "data set",
            found=counted(n_cases, "case"),
            expected="at least two cases, one to train on and one to validate with",
            remedy="add labelled cases",
        )
