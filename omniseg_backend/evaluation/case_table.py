"""Scores as a table: one row per case and class."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from omniseg_backend.metrics.scores import CaseScore, ClassScore

_COLUMNS = (
    "case", "patient", "class", "outcome", "dice", "iou", "hd95", "hd95_unit", "surface_dice",
    "true_size", "predicted_size", "size_unit",
)  # fmt: skip


def rows_as_csv(cases: Sequence[CaseScore]) -> str:
    """One row per case and class; empty cells where a figure is undefined."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for case in cases:
        for score in case.classes:
            writer.writerow(_row(case, score))
    return stream.getvalue()


def _row(case: CaseScore, score: ClassScore) -> tuple[object, ...]:
    hd95 = (None, None) if score.hd95 is None else (score.hd95.value, score.hd95.unit)
    sizes = score.volume_error
    return (
        case.case, case.patient, score.name, score.outcome, score.dice, score.iou, *hd95,
        score.surface_dice, sizes.truth, sizes.prediction, case.size_unit,
    )  # fmt: skip
