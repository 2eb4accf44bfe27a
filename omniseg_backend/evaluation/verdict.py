"""Whether one model is better than another: paired differences and what they allow to say.

Cases of one patient resemble each other, so that patients' means are compared: Student's paired
t-test and the t interval of the same differences, which contains zero exactly where the test
is not significant. With few patients a bootstrap interval would be narrower than it promises.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from omniseg_backend.bundles.fields import Count, Share, Strict
from omniseg_backend.bundles.history import Verdict
from omniseg_backend.metrics.intervals import mean_confidence_interval, sums_by_patient
from omniseg_backend.metrics.statistics import paired_t_test

#: Under this many held-out patients nothing is said of better or worse.
FEWEST_PATIENTS = 6
LEVEL = 0.95


class Difference(Strict):
    """New minus old, by patient.

    Attributes:
        mean: Mean of the patients' mean differences; None where nothing can be compared.
        low: Lower end of the interval; None with fewer than two patients.
        high: Upper end.
        level: Confidence of the interval.
        p_value: Of the paired t-test, two-sided; None where ``reason`` says why.
        reason: Why there is no p-value.
        patients: Patients compared.
        cases: Cases compared.
    """

    mean: float | None
    low: float | None
    high: float | None
    level: Share
    p_value: Share | None
    reason: str | None
    patients: Count
    cases: Count

    def as_text(self, places: int = 3) -> str:
        """Mean and interval for people: ``+0.021 (95 % interval +0.004 to +0.038)``."""
        if self.mean is None:
            return "nothing to compare"
        if self.low is None or self.high is None:
            return f"{self.mean:+.{places}f} (no interval)"
        return (
            f"{self.mean:+.{places}f} ({100 * self.level:.0f} % interval "
            f"{self.low:+.{places}f} to {self.high:+.{places}f})"
        )


def difference(
    old: Sequence[float | None], new: Sequence[float | None], patients: Sequence[str]
) -> Difference:
    """Compare two models on the same cases.

    Args:
        old: The old model's values, one per case; None where it has none.
        new: The new model's values of the same cases.
        patients: For each case, whose it is.
    """
    pairs = [
        (after - before, patient)
        for before, after, patient in zip(old, new, patients, strict=True)
        if before is not None and after is not None
    ]
    if not pairs:
        return Difference(
            mean=None, low=None, high=None, level=LEVEL, p_value=None,
            reason="no case to compare", patients=0, cases=0,
        )  # fmt: skip
    sums, counts = sums_by_patient(
        np.array([value for value, _ in pairs]), [patient for _, patient in pairs]
    )
    # Without rounding errors: 0.3 - 0.2 and 0.2 - 0.1 are one number.
    by_patient = np.round(sums / counts, 12)
    interval = mean_confidence_interval(by_patient, LEVEL)
    test = paired_t_test(by_patient, np.zeros(by_patient.size))
    return Difference(
        mean=float(by_patient.mean()),
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        level=LEVEL,
        p_value=test.p_value,
        reason=test.reason,
        patients=int(by_patient.size),
        cases=len(pairs),
    )


def dice_pair(old: float | None, new: float | None) -> tuple[float | None, float | None]:
    """The Dice of one class in one case, made comparable.

    A class that truth and result both lack has no Dice. Where only the other model invents it
    and so gets 0, leaving it empty was right and counts as 1: a new model that finds things
    where there is nothing would otherwise go unnoticed.
    """
    if old is None and new is None:
        return None, None
    return (1.0 if old is None else old), (1.0 if new is None else new)


def verdict_of(overall: Difference) -> Verdict:
    """Better or worse where at least six patients and an interval without zero say so."""
    if overall.patients < FEWEST_PATIENTS or overall.low is None or overall.high is None:
        return "too few to tell"
    if overall.low <= 0.0 <= overall.high:
        return "too few to tell"
    return "better" if overall.low > 0.0 else "worse"


def why(overall: Difference) -> str:
    """What made the verdict, for people."""
    if overall.patients < FEWEST_PATIENTS:
        count = f"{overall.patients} held-out patient{'' if overall.patients == 1 else 's'}"
        return f"{count}, and {FEWEST_PATIENTS} are the fewest"
    if verdict_of(overall) == "too few to tell":
        return "the interval of the difference contains zero"
    return "the interval of the difference excludes zero"
