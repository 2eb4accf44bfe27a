"""Scores as a table: one row per case and class."""

from __future__ import annotations

from collections.abc import Sequence

from omniseg_backend.common.csv_cells import csv_text
from omniseg_backend.metrics.scores import CaseScore, ClassScore

_COLUMNS = (
    "case", "patient", "class", "outcome", "dice", "iou", "hd95", "hd95_unit", "surface_dice",
    "true_size", "predicted_size", "size_unit",
)  # fmt: skip


def rows_as_csv(cases: Sequence[CaseScore]) -> str:
    """One row per case and class; empty cells where a figure is undefined."""
    rows = [_row(case, score) for case in cases for score in case.classes]
    return csv_text([_COLUMNS, *rows])


def _row(case: CaseScore, score: ClassScore) -> tuple[str, ...]:
    hd95 = (None, None) if score.hd95 is None else (score.hd95.value, score.hd95.unit)
    sizes = score.volume_error
    cells = (
        case.case, case.patient, score.name, score.outcome, score.dice, score.iou, *hd95,
        score.surface_dice, sizes.truth, sizes.prediction, case.size_unit,
    )  # fmt: skip
    return tuple("" if cell is None else str(cell) for cell in cells)
