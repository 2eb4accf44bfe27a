"""What ``omniseg segment`` says: its documents, and the tables made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.cli.documents import (
    EstimateDocument,
    EstimateReport,
    FlagReport,
    MeasurementValue,
    SegmentDocument,
    SegmentedClass,
)
from omniseg_backend.common.provenance import NOTICE
from omniseg_backend.common.wording import counted
from omniseg_backend.inference.measurements import Measurement
from omniseg_backend.inference.results import ClassResult, SegmentResult

if TYPE_CHECKING:
    from rich.console import RenderableType

    from omniseg_backend.inference.estimate import Estimate


def segment_document(
    result: SegmentResult, output: Path, bundle: Bundle, seconds: Mapping[str, float]
) -> SegmentDocument:
    """The document of a run whose mask was written to ``output``."""
    return SegmentDocument(
        output=str(output),
        bundle=bundle.manifest.id,
        task=bundle.manifest.task.id,
        variant=bundle.manifest.variant,
        classes=tuple(map(_class, result.classes)),
        flags=tuple(FlagReport(code=flag.code, sentence=flag.sentence) for flag in result.flags),
        seconds=dict(seconds),
    )


def estimate_document(expected: Estimate, bundle: Bundle) -> EstimateDocument:
    """The document of an estimate."""
    return EstimateDocument(
        bundle=bundle.manifest.id,
        task=bundle.manifest.task.id,
        variant=bundle.manifest.variant,
        estimate=EstimateReport(
            seconds=expected.seconds,
            bytes=expected.bytes,
            planes=expected.planes,
            windows=expected.windows,
        ),
    )


def segment_tables(document: SegmentDocument) -> Sequence[RenderableType]:
    """What a person reads after a run."""
    from omniseg_backend.cli.tables import table

    headings = ("class", "measurement", "components", "confidence", "review")
    return [
        table(headings, map(_row, document.classes), numbers=headings[1:4]),
        *(flag.sentence for flag in document.flags),
        f"{document.output}: by {document.bundle}, {document.seconds['total']:.1f} s; {NOTICE}",
    ]


def estimate_tables(document: EstimateDocument) -> Sequence[RenderableType]:
    """What a person reads of an estimate."""
    expected = document.estimate
    return [
        f"{document.bundle}: about {expected.seconds:.1f} s and {expected.bytes / 1e6:.0f} MB, "
        f"for {counted(expected.planes, 'plane')} in {counted(expected.windows, 'window')}; "
        "nothing was written."
    ]


def _class(found: ClassResult) -> SegmentedClass:
    return SegmentedClass(
        value=found.value,
        name=found.name,
        voxels=found.voxels,
        measurement=MeasurementValue(value=found.measurement.value, unit=found.measurement.unit),
        components=found.components,
        confidence=found.confidence,
        review=found.review,
    )


def _row(found: SegmentedClass) -> tuple[str, ...]:
    from omniseg_backend.cli.tables import MISSING, decimals

    return (
        found.name,
        Measurement(found.measurement.value, found.measurement.unit).as_text()
        if found.voxels
        else "none found",
        str(found.components) if found.voxels else MISSING,
        decimals(found.confidence, 2),
        "look again" if found.review else "no",
    )
