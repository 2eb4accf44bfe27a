"""Paired differences by patient and the verdict that they allow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from omniseg_backend.evaluation.verdict import dice_pair, difference, verdict_of, why


def names(count: int) -> list[str]:
    return [f"P{number}" for number in range(count)]


def test_figures_are_those_of_the_paired_t_test() -> None:
    random = np.random.default_rng(1)
    old, new = random.random(9), random.random(9)
    found = difference(old.tolist(), new.tolist(), names(9))
    expected = stats.ttest_rel(new, old)
    interval = expected.confidence_interval(0.95)
    assert found.mean == pytest.approx((new - old).mean())
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert (found.cases, found.patients) == (9, 9)


def test_patients_count_once_however_many_cases_they_have() -> None:
    old = [0.5] * 12
    new = [0.6, 0.7, 0.5, 0.8, 0.6, 0.7] + [0.9] * 6
    patients = [*names(6), *["P5"] * 6]
    found = difference(old, new, patients)
    by_patient = [0.1, 0.2, 0.0, 0.3, 0.1, (0.2 + 6 * 0.4) / 7]
    assert found.mean == pytest.approx(np.mean(by_patient))
    assert (found.cases, found.patients) == (12, 6)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ([0.10, 0.12, 0.09, 0.11, 0.13, 0.10], "better"),
        ([-0.10, -0.12, -0.09, -0.11, -0.13, -0.10], "worse"),
        ([0.10, 0.12, 0.09, 0.11, 0.13], "too few to tell"),
        ([0.1, -0.1, 0.2, -0.2, 0.05, -0.03], "too few to tell"),
        ([0.0] * 8, "too few to tell"),
        ([0.1] * 6, "better"),
        ([], "too few to tell"),
    ],
)
def test_the_verdict_needs_six_patients_and_an_interval_without_zero(
    changes: list[float], verdict: str
) -> None:
    old = [0.5] * len(changes)
    found = difference(old, [0.5 + c for c in changes], names(len(changes)))
    assert verdict_of(found) == verdict
    told = {"better": "excludes", "worse": "excludes"}.get(verdict)
    assert told is None or told in why(found)


def test_the_verdict_agrees_with_the_test() -> None:
    random = np.random.default_rng(7)
    for _ in range(200):
        changes = random.normal(0.02, 0.04, 8)
        found = difference([0.5] * 8, (0.5 + changes).tolist(), names(8))
        assert found.p_value is not None
        assert (verdict_of(found) == "too few to tell") == (found.p_value >= 0.05)


def test_an_invention_on_an_empty_case_counts_against_the_model_that_made_it() -> None:
    assert dice_pair(None, None) == (None, None)
    assert dice_pair(None, 0.0) == (1.0, 0.0)
    assert dice_pair(0.0, None) == (0.0, 1.0)
    assert dice_pair(0.4, 0.6) == (0.4, 0.6)


def test_cases_without_a_value_are_left_out() -> None:
    found = difference([0.5, None, 0.4], [0.6, 0.3, None], names(3))
    assert (found.cases, found.patients) == (1, 1)
    assert found.low is None
    assert "no interval" in found.as_text()
    assert difference([None], [None], ["P"]).as_text() == "nothing to compare"
