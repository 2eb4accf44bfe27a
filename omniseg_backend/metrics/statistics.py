"""Whether a difference between two models is more than chance.

Cases of one patient resemble each other, so tests and intervals go by patient where they can:
the t-test compares patients' means and the bootstrap draws whole patients. The Wilcoxon test
per case stands beside them, as the field reports it, and takes cases as independent.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.wording import counted
from omniseg_backend.metrics.intervals import (
    Interval,
    Values,
    as_floats,
    bootstrap_interval,
    kept_patients,
    mean_confidence_interval,
    require_equal_lengths,
    require_level,
    sums_by_patient,
)

__all__ = [
    "Interval",
    "PairedComparison",
    "PairedTest",
    "benjamini_hochberg",
    "bootstrap_interval",
    "compare_paired",
    "mean_confidence_interval",
    "paired_t_test",
    "wilcoxon_signed_rank",
]

#: Below this, no p-value is given: a Wilcoxon test of four pairs cannot fall under 0.125.
FEWEST_PATIENTS = 5


@dataclasses.dataclass(frozen=True)
class PairedTest:
    """Outcome of a paired test, two-sided.

    Attributes:
        statistic: t or W; None where there is none.
        p_value: None where there is none; ``reason`` then says why.
        n: Pairs compared.
        reason: Why there is no p-value.
    """

    statistic: float | None
    p_value: float | None
    n: int
    reason: str | None = None


@dataclasses.dataclass(frozen=True)
class PairedComparison:
    """Two models on the same cases; differences are the first minus the second.

    Attributes:
        mean_difference: Mean over cases; None where no case is left.
        interval: Of the mean over cases, drawn by patient; None where ``reason`` is set.
        t_test: Paired t-test of the patients' means.
        wilcoxon: Wilcoxon signed-rank test of the cases.
        effect_size: Cohen's d_z: mean of the patients' differences by their standard
            deviation; None where they do not vary.
        n_cases: Cases compared.
        n_patients: Patients among them.
        n_left_out: Cases that have no value in one of the models.
        reason: Why there are no p-values and no interval; None where there are.
    """

    mean_difference: float | None
    interval: Interval | None
    t_test: PairedTest
    wilcoxon: PairedTest
    effect_size: float | None
    n_cases: int
    n_patients: int
    n_left_out: int
    reason: str | None


def paired_t_test(a: Values, b: Values) -> PairedTest:
    """Student's t-test of paired values, two-sided.

    Pairs with a missing or infinite value are left out. Pairs that are all equal have p = 1.
    Where all differences are one number other than zero, t would be infinite and p zero
    whatever their count: no p-value is given.

    Raises:
        DataError: ``a`` and ``b`` have different lengths.
    """
    differences = _differences(a, b)
    n = int(differences.size)
    if n < 2:
        return PairedTest(None, None, n, f"{counted(n, 'pair')}; at least 2 are needed")
    if not differences.any():
        return PairedTest(0.0, 1.0, n)
    if np.ptp(differences) == 0.0:
        return PairedTest(None, None, n, "the differences do not vary")
    result = stats.ttest_1samp(differences, 0.0)
    return PairedTest(float(result.statistic), float(result.pvalue), n)


def wilcoxon_signed_rank(a: Values, b: Values) -> PairedTest:
    """Wilcoxon's signed-rank test of paired values, two-sided (Wilcoxon 1945).

    Pairs with a missing or infinite value are left out; pairs that are equal do not enter
    the ranks. Pairs that are all equal have p = 1.

    Raises:
        DataError: ``a`` and ``b`` have different lengths.
    """
    differences = _differences(a, b)
    n = int(differences.size)
    if n < 1:
        return PairedTest(None, None, n, "no pair to compare")
    if not differences.any():
        return PairedTest(0.0, 1.0, n)
    result = stats.wilcoxon(differences[differences != 0.0])
    return PairedTest(float(result.statistic), float(result.pvalue), n)


def benjamini_hochberg(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjust p-values for the false discovery rate (Benjamini and Hochberg 1995).

    Args:
        p_values: 0 to 1; None where a comparison has none: it stays None and is not counted
            among the hypotheses.

    Returns:
        Adjusted values in the same order, each at least its p-value and at most 1.

    Raises:
        DataError: A p-value lies outside 0 to 1.
    """
    known = [value for value in p_values if value is not None]
    if any(not 0.0 <= value <= 1.0 for value in known):
        raise DataError(
            "p-values",
            found=f"{known}",
            expected="numbers from 0 to 1",
            remedy="pass p-values, not statistics",
        )
    if not known:
        return tuple(None for _ in p_values)
    adjusted = iter(stats.false_discovery_control(known, method="bh").tolist())
    return tuple(None if value is None else float(next(adjusted)) for value in p_values)


def compare_paired(
    a: Values, b: Values, patients: Sequence[str], *, level: float = 0.95, seed: int = 0
) -> PairedComparison:
    """Compare two models on the same cases.

    A case that one model rightly leaves empty (no Dice) and the other marks (Dice 0) is no
    pair and is left out: compare the counts of false positives beside this.

    Args:
        a: The first model's values, one per case; missing and infinite ones are left out.
        b: The second model's values of the same cases, in the same order.
        patients: For each case, whose it is.
        level: Confidence of the interval.
        seed: Of the bootstrap.

    Returns:
        Differences of the first minus the second. With fewer than five patients p-values and
        interval are None and ``reason`` says so.

    Raises:
        DataError: The three sequences have different lengths.
        UsageError: ``level`` is out of range.
    """
    require_level(level)
    first, second = as_floats(a), as_floats(b)
    require_equal_lengths(first.size, second.size, "paired values")
    require_equal_lengths(first.size, len(patients), "values and patients")
    keep = np.isfinite(first) & np.isfinite(second)
    first, second = first[keep], second[keep]
    owners = kept_patients(patients, keep)
    differences = _rounded(first - second)
    sums, counts = sums_by_patient(differences, owners)
    by_patient = _rounded(sums / counts)
    n_patients = int(counts.size)
    reason = None
    interval = None
    if n_patients < FEWEST_PATIENTS:
        reason = f"{counted(n_patients, 'patient')}; at least {FEWEST_PATIENTS} are needed"
        t_test = PairedTest(None, None, n_patients, reason)
        wilcoxon = PairedTest(None, None, int(differences.size), reason)
    else:
        interval = bootstrap_interval(differences, owners, level=level, seed=seed)
        t_test = paired_t_test(by_patient, np.zeros(n_patients))
        wilcoxon = wilcoxon_signed_rank(first, second)
    return PairedComparison(
        mean_difference=float(differences.mean()) if differences.size else None,
        interval=interval,
        t_test=t_test,
        wilcoxon=wilcoxon,
        effect_size=_effect_size(by_patient),
        n_cases=int(differences.size),
        n_patients=n_patients,
        n_left_out=int(keep.size - differences.size),
        reason=reason,
    )


def _effect_size(differences: NDArray[np.float64]) -> float | None:
    if differences.size < 2 or np.ptp(differences) == 0.0:
        return None
    return float(differences.mean() / differences.std(ddof=1))


def _differences(a: Values, b: Values) -> NDArray[np.float64]:
    first, second = as_floats(a), as_floats(b)
    require_equal_lengths(first.size, second.size, "paired values")
    keep = np.isfinite(first) & np.isfinite(second)
    return _rounded(first[keep] - second[keep])


def _rounded(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Differences without rounding errors: 0.3 - 0.2 and 0.2 - 0.1 are one number, a tie."""
    rounded: NDArray[np.float64] = np.round(differences, 12)
    return rounded
