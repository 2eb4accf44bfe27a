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
    ProvenanceReport,
    SegmentDocument,
    SegmentedClass,
)
from omniseg_backend.common.flags import Flag
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
    provenance = result.segmentation.provenance
    assert provenance is not None  # `segment` states it in every result
    return SegmentDocument(
        output=str(output),
        bundle=bundle.manifest.id,
        task=bundle.manifest.task.id,
        variant=bundle.manifest.variant,
        classes=tuple(map(_class, result.classes)),
        flags=_flags(result.flags),
        seconds=dict(seconds),
        provenance=ProvenanceReport.model_validate(provenance.as_dict()),
    )


def estimate_document(expected: Estimate, bundle: Bundle, read_seconds: float) -> EstimateDocument:
    """The document of an estimate.

    Args:
        expected: Of the run.
        bundle: What would run.
        read_seconds: What reading the image and the bundle took.
    """
    return EstimateDocument(
        bundle=bundle.manifest.id,
        task=bundle.manifest.task.id,
        variant=bundle.manifest.variant,
        estimate=EstimateReport(
            seconds=read_seconds + expected.load_seconds + expected.seconds,
            read_seconds=read_seconds,
            load_seconds=expected.load_seconds,
            bytes=expected.bytes,
            planes=expected.planes,
            windows=expected.windows,
        ),
        flags=_flags(expected.flags),
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
        f"for {counted(expected.planes, 'plane')} in {counted(expected.windows, 'window')}. "
        f"Reading the files ({expected.read_seconds:.1f} s) and loading the network "
        f"({expected.load_seconds:.1f} s) are counted, writing the mask is not; nothing was "
        "written.",
        *(flag.sentence for flag in document.flags),
    ]


def _flags(flags: Sequence[Flag]) -> tuple[FlagReport, ...]:
    return tuple(FlagReport(code=flag.code, sentence=flag.sentence) for flag in flags)


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
