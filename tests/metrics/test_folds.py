from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.metrics.folds import contiguous_blocks, hold_out, patient_folds

COHORTS = st.lists(st.integers(0, 12).map(lambda n: f"p{n}"), min_size=2, max_size=40)


@given(COHORTS, st.integers(2, 8), st.integers(0, 5))
def test_every_case_validates_once(patients, k, seed):
    folds = patient_folds(patients, k, seed)
    everything = list(range(len(patients)))
    assert sorted(i for split in folds.splits for i in split.validation) == everything
    for split in folds.splits:
        assert sorted(split.training + split.validation) == everything
        assert split.training
        assert split.validation


@given(COHORTS, st.integers(2, 8), st.integers(0, 5))
def test_no_patient_is_on_both_sides(patients, k, seed):
    folds = patient_folds(patients, k, seed)
    groups = len(set(patients))
    assert folds.by_patient == (groups > 1)
    if groups > 1:
        assert folds.used == min(k, groups)
        assert all(_is_apart(split, patients) for split in folds.splits)


@given(COHORTS, st.floats(0.05, 0.5), st.integers(0, 5))
def test_held_out_patients_are_apart(patients, fraction, seed):
    split = hold_out(patients, fraction, seed)
    groups = len(set(patients))
    assert split.training
    assert split.validation
    assert sorted(split.training + split.validation) == list(range(len(patients)))
    assert split.by_patient == (groups >= 3)
    if split.by_patient:
        held = {patients[i] for i in split.validation}
        assert _is_apart(split, patients)
        assert abs(len(held) - fraction * groups) <= max(0.5, 1 - fraction * groups)


@given(COHORTS, st.integers(2, 8), st.randoms(use_true_random=False))
def test_order_of_cases_does_not_matter(patients, k, random):
    if len(set(patients)) < 2:
        return
    shuffled = list(patients)
    random.shuffle(shuffled)
    assert _patients_of(patient_folds(patients, k, 0), patients) == _patients_of(
        patient_folds(shuffled, k, 0), shuffled
    )


def _is_apart(split, patients):
    return not {patients[i] for i in split.training} & {patients[i] for i in split.validation}


def _patients_of(folds, patients):
    return [{patients[i] for i in split.validation} for split in folds.splits]


def test_folds_hold_about_equally_many_cases():
    patients = [f"p{n}" for n in range(30) for _ in range(1 + n % 4)]
    sizes = [len(split.validation) for split in patient_folds(patients, 5, 0).splits]
    assert max(sizes) - min(sizes) <= 1
    # One patient with half of the cases fills a fold alone; the rest shares the others.
    patients = ["big"] * 12 + [f"p{n}" for n in range(12)]
    sizes = sorted(len(split.validation) for split in patient_folds(patients, 4, 1).splits)
    assert sizes == [4, 4, 4, 12]


def test_cardiac_cohort_of_27_patients():
    patients = [f"p{n:02d}" for n in range(27) for _ in range(8)]
    folds = patient_folds(patients, 5, 0)
    assert sorted(len(split.validation) for split in folds.splits) == [40, 40, 40, 48, 48]
    assert len(hold_out(patients, 0.2, 0).validation) == 5 * 8


def test_golden_split():
    # Written down once: a stored card's split must be found again by later versions.
    patients = ["ada", "ben", "ben", "cleo", "dov", "eve"]
    folds = patient_folds(patients, 3, 7)
    assert [split.validation for split in folds.splits] == [(1, 2), (0, 5), (3, 4)]
    assert hold_out(patients, 0.2, 7).validation == (1, 2)


def test_seed_changes_the_deal_and_nothing_else_does():
    patients = [f"p{n}" for n in range(20)]
    assert patient_folds(patients, 5, 3) == patient_folds(patients, 5, 3)
    assert len({patient_folds(patients, 5, seed).splits for seed in range(5)}) == 5
    assert len({hold_out(patients, 0.2, seed) for seed in range(5)}) > 1


def test_fewer_patients_than_folds_is_stated():
    folds = patient_folds(["a", "a", "b", "c"], 5, 0)
    assert (folds.asked, folds.used, folds.by_patient) == (5, 3, True)
    assert folds.statement == "3 folds by patient (5 asked for)"
    assert patient_folds(list("abcdef"), 3, 0).statement == "3 folds by patient"


def test_one_patient_is_parted_into_blocks_and_says_so():
    folds = patient_folds(["a"] * 10, 3, 0)
    assert not folds.by_patient
    assert not any(split.by_patient for split in folds.splits)
    assert folds.statement == "3 folds of contiguous cases, not split by patient"


def test_blocks_are_contiguous():
    folds = contiguous_blocks(11, 4)
    blocks = [split.validation for split in folds.splits]
    assert [i for block in blocks for i in block] == list(range(11))
    assert {len(block) for block in blocks} == {2, 3}
    assert contiguous_blocks(3, 5).used == 3


def test_hold_out_of_two_patients_is_a_block():
    split = hold_out(["a"] * 6 + ["b"] * 4, 0.2, 0)
    assert not split.by_patient
    first, last = split.validation[0], split.validation[-1]
    assert split.validation == tuple(range(first, last + 1))
    assert len(split.validation) == 2


def test_refuses_what_cannot_be_parted():
    with pytest.raises(UsageError, match="at least 2 folds"):
        patient_folds(["a", "b"], 1, 0)
    with pytest.raises(UsageError, match="at most"):
        hold_out(["a", "b", "c"], 0.6, 0)
    for few in ([], ["a"]):
        with pytest.raises(DataError, match="at least two cases"):
            patient_folds(few, 2, 0)
        with pytest.raises(DataError, match="at least two cases"):
            hold_out(few, 0.2, 0)
