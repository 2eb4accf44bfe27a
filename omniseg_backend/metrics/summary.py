"""From the scores of cases to those of a data set."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from omniseg_backend.common.errors import DataError
from omniseg_backend.metrics.scores import (
    CaseScore,
    ClassScore,
    ClassSummary,
    DatasetScore,
    Measure,
    Spread,
    Unit,
)


def summarise(cases: Sequence[CaseScore]) -> DatasetScore:
    """Average scores: per class over cases, then over foreground classes.

    A case where truth and prediction both lack a class is counted and left out of that
    class's means; a missed or false positive one enters with Dice, IoU and surface Dice 0 and
    HD95 at the image's diagonal.

    Raises:
        DataError: There is no case, or the cases' classes differ.
    """
    if not cases:
        raise DataError(
            "scores",
            found="no case",
            expected="at least one scored case",
            remedy="check the data set and the chosen split",
        )
    names = tuple(entry.name for entry in cases[0].classes)
    for case in cases:
        found = tuple(entry.name for entry in case.classes)
        if found != names:
            raise DataError(
                case.case,
                found=f"the classes {found}",
                expected=f"{names}, as in {cases[0].case}",
                remedy="score all cases with one class table",
            )
    units = {case.tolerance.unit for case in cases}
    unit = units.pop() if len(units) == 1 else None
    tolerances = {case.tolerance for case in cases}
    tolerance = tolerances.pop() if len(tolerances) == 1 else None
    classes = tuple(
        _summarise_class([case.classes[index] for case in cases], unit, tolerance)
        for index in range(len(names))
    )
    mean_hd95 = _mean_of_means(entry.hd95 for entry in classes)
    return DatasetScore(
        classes=classes,
        mean_dice=_mean_of_means(entry.dice for entry in classes),
        mean_iou=_mean_of_means(entry.iou for entry in classes),
        mean_hd95=Measure(mean_hd95, unit) if mean_hd95 is not None and unit else None,
        mean_surface_dice=_mean_of_means(entry.surface_dice for entry in classes),
        tolerance=tolerance,
        n_cases=len(cases),
        n_patients=len({case.patient for case in cases}),
    )


def _summarise_class(
    scores: Sequence[ClassScore], unit: Unit | None, tolerance: Measure | None
) -> ClassSummary:
    outcomes = Counter(score.outcome for score in scores)
    lengths = [score.hd95.value for score in scores if score.hd95 is not None]
    return ClassSummary(
        name=scores[0].name,
        dice=_spread(score.dice for score in scores),
        iou=_spread(score.iou for score in scores),
        hd95=_spread(lengths, unit) if unit else None,
        surface_dice=_spread(score.surface_dice for score in scores) if tolerance else None,
        relative_volume_error=_spread(score.volume_error.relative for score in scores),
        n_both_present=outcomes["both_present"],
        n_both_empty=outcomes["both_empty"],
        n_missed=outcomes["missed"],
        n_false_positive=outcomes["false_positive"],
    )


def _spread(values: Iterable[float | None], unit: Unit | None = None) -> Spread | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    deviation = statistics.stdev(known) if len(known) > 1 else None
    return Spread(statistics.fmean(known), deviation, len(known), unit)


def _mean_of_means(spreads: Iterable[Spread | None]) -> float | None:
    means = [spread.mean for spread in spreads if spread is not None]
    return statistics.fmean(means) if means else None
