"""What ``omniseg evaluate`` says: its document and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.cli.result_documents import (
    CaseClassFigures,
    CaseFigures,
    ClassFigures,
    Distance,
    EvaluateDocument,
)
from omniseg_backend.common.wording import counted
from omniseg_backend.evaluation.evaluate import BundleEvaluation
from omniseg_backend.metrics.scores import CaseScore, ClassSummary, DatasetScore, Spread

if TYPE_CHECKING:
    from rich.console import RenderableType


def evaluate_document(
    found: BundleEvaluation, bundle: Bundle, split: Literal["train", "test"]
) -> EvaluateDocument:
    """The document of an evaluation."""
    return EvaluateDocument(
        mean_dice=found.score.mean_dice,
        classes={summary.name: _class(summary) for summary in found.score.classes},
        cases=tuple(map(_case, found.cases)),
        bundle=bundle.manifest.id,
        dataset=found.dataset,
        split=split,
        seconds=found.seconds,
    )


def evaluate_tables(document: EvaluateDocument, score: DatasetScore) -> Sequence[RenderableType]:
    """What a person reads: means with their spread, and what the means leave out."""
    from omniseg_backend.cli.tables import decimals, table

    headings = ("class", "n", "Dice", "IoU", "HD95", "surface Dice", "missed", "invented", "empty")
    rows = [
        (
            summary.name,
            str(summary.dice.n if summary.dice else 0),
            _spread(summary.dice),
            _spread(summary.iou),
            _spread(summary.hd95, 1),
            _spread(summary.surface_dice),
            str(summary.n_missed),
            str(summary.n_false_positive),
            str(summary.n_both_empty),
        )
        for summary in score.classes
    ]
    return [
        table(headings, rows, numbers=headings[1:]),
        f"{document.bundle} on {document.dataset}, {document.split} part: mean Dice "
        f"{decimals(document.mean_dice)} over {counted(score.n_cases, 'case')} of "
        f"{counted(score.n_patients, 'patient')}, {document.seconds:.0f} s.",
    ]


def _class(summary: ClassSummary) -> ClassFigures:
    return ClassFigures(
        dice=summary.dice.mean if summary.dice else None,
        iou=summary.iou.mean if summary.iou else None,
        hd95=_mean_distance(summary.hd95),
    )


def _mean_distance(spread: Spread | None) -> Distance | None:
    if spread is None or spread.unit is None:
        return None
    return Distance(value=spread.mean, unit=spread.unit)


def _case(case: CaseScore) -> CaseFigures:
    return CaseFigures(
        case=case.case,
        patient=case.patient,
        mean_dice=case.mean_dice,
        classes={
            score.name: CaseClassFigures(
                dice=score.dice,
                iou=score.iou,
                hd95=Distance(value=score.hd95.value, unit=score.hd95.unit) if score.hd95 else None,
                surface_dice=score.surface_dice,
                outcome=score.outcome,
            )
            for score in case.classes
        },
    )


def _spread(spread: Spread | None, places: int = 3) -> str:
    from omniseg_backend.cli.tables import MISSING

    if spread is None:
        return MISSING
    unit = f" {spread.unit}" if spread.unit else ""
    deviation = "" if spread.deviation is None else f" ± {spread.deviation:.{places}f}"
    return f"{spread.mean:.{places}f}{deviation}{unit}"
