"""Confidence intervals of means, over independent values or over cases of patients."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from omniseg_backend.common.errors import DataError, UsageError

Values = Sequence[float | None] | NDArray[np.floating]

#: Draws at a time, so that 10 000 draws of 1000 patients need 4 MB and not 80 MB.
_DRAWS_PER_CHUNK = 500


@dataclasses.dataclass(frozen=True)
class Interval:
    """A mean and its confidence interval.

    Attributes:
        mean: The mean.
        low: Lower end.
        high: Upper end.
        level: Confidence, such as 0.95.
        n: Values, or patients where they were drawn.
    """

    mean: float
    low: float
    high: float
    level: float
    n: int


def mean_confidence_interval(values: Values, level: float = 0.95) -> Interval | None:
    """Confidence interval of a mean by Student's t distribution.

    Args:
        values: Independent values, such as one per patient; missing and infinite ones are
            left out.
        level: Confidence, between 0 and 1.

    Returns:
        None with fewer than two values.

    Raises:
        UsageError: ``level`` is out of range.
    """
    require_level(level)
    known = as_floats(values)
    known = known[np.isfinite(known)]
    n = int(known.size)
    if n < 2:
        return None
    mean = float(known.mean())
    half = float(stats.t.ppf(0.5 + level / 2.0, n - 1) * known.std(ddof=1) / math.sqrt(n))
    return Interval(mean, mean - half, mean + half, level, n)


def bootstrap_interval(
    values: Values,
    patients: Sequence[str],
    *,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Interval | None:
    """Percentile bootstrap interval of a mean over cases, drawn by patient.

    Whole patients are drawn with replacement, so that a patient with many cases does not make
    the interval look narrower than it is (cluster bootstrap, Field and Welsh 2007). With
    fewer than about ten patients it is still narrower than its level promises.

    Args:
        values: One per case; missing and infinite ones are left out.
        patients: For each case, whose it is.
        level: Confidence, between 0 and 1.
        draws: Number of draws.
        seed: Of the draws.

    Returns:
        None with fewer than two patients.

    Raises:
        DataError: ``values`` and ``patients`` have different lengths.
        UsageError: ``level`` or ``draws`` is out of range.
    """
    require_level(level)
    if draws < 1:
        raise UsageError(
            "bootstrap draws", found=f"{draws}", expected="at least 1", remedy="use 10000"
        )
    known = as_floats(values)
    require_equal_lengths(known.size, len(patients), "values and patients")
    keep = np.isfinite(known)
    sums, counts = sums_by_patient(known[keep], kept_patients(patients, keep))
    n = int(counts.size)
    if n < 2:
        return None
    generator = np.random.default_rng(seed)
    means = np.empty(draws)
    for start in range(0, draws, _DRAWS_PER_CHUNK):
        stop = min(start + _DRAWS_PER_CHUNK, draws)
        drawn = generator.integers(n, size=(stop - start, n))
        means[start:stop] = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.5 - level / 2.0, 0.5 + level / 2.0])
    return Interval(float(sums.sum() / counts.sum()), float(low), float(high), level, n)


def sums_by_patient(
    values: NDArray[np.float64], patients: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum and number of each patient's values, patients in the order of their names."""
    names, owner = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    sums = np.bincount(owner, weights=values, minlength=names.size).astype(np.float64)
    return sums, np.bincount(owner, minlength=names.size).astype(np.int64)


def kept_patients(patients: Sequence[str], keep: NDArray[np.bool_]) -> list[str]:
    """The patients of the cases that are kept."""
    return [patient for patient, kept in zip(patients, keep, strict=True) if kept]


def as_floats(values: Values) -> NDArray[np.float64]:
    """The values as an array, missing ones as NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def require_equal_lengths(first: int, second: int, subject: str) -> None:
    """Refuse sequences that do not go together.

    Raises:
        DataError: The lengths differ.
    """
    if first != second:
        raise DataError(
            subject,
            found=f"{first} and {second} of them",
            expected="one for each case in both",
            remedy="compare the same cases in the same order",
        )


def require_level(level: float) -> None:
    """Refuse a confidence level that is none.

    Raises:
        UsageError: It is not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise UsageError(
            "confidence level",
            found=f"{level}",
            expected="a number between 0 and 1",
            remedy="use 0.95",
        )
