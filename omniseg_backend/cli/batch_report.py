"""What ``omniseg segment FOLDER`` says: its document, and what people read of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omniseg_backend.bundles.manifest import Manifest
from omniseg_backend.cli.batch_documents import BatchItem, SegmentBatchDocument
from omniseg_backend.cli.documents import (
    ErrorDocument,
    FlagReport,
    MeasurementValue,
    SegmentedClass,
)
from omniseg_backend.common.provenance import NOTICE
from omniseg_backend.common.wording import counted
from omniseg_backend.inference.batch.outcome import BatchResult, Outcome
from omniseg_backend.inference.batch.record import ClassRecord, ItemRecord

if TYPE_CHECKING:
    from rich.console import RenderableType


def batch_document(result: BatchResult, manifest: Manifest, output: Path) -> SegmentBatchDocument:
    """The document of a batch that ran to its end."""
    return SegmentBatchDocument(
        output=str(output),
        bundle=manifest.id,
        task=manifest.task.id,
        variant=manifest.variant,
        segmented=result.segmented,
        before=result.before,
        failed=result.failed,
        items=tuple(map(_item, result.outcomes)),
        table=str(result.table),
        page=str(result.page),
        seconds=result.seconds,
    )


def batch_tables(document: SegmentBatchDocument) -> Sequence[RenderableType]:
    """What a person reads at the end: failures were told as they came."""
    before = f"{document.before} done before, " if document.before else ""
    review = sum(any(found.review for found in item.classes) for item in document.items)
    look = f" Look again at {counted(review, 'image')}." if review else ""
    return [
        f"{counted(len(document.items), 'image')}: {document.segmented} segmented, {before}"
        f"{document.failed} failed, {document.seconds:.1f} s, by {document.bundle}.{look}",
        f"{document.page} shows them, {document.table} has the figures; {NOTICE}",
    ]


def _item(outcome: Outcome) -> BatchItem:
    record = outcome.record
    if record is None:
        assert outcome.error is not None  # one of the two is there
        error = ErrorDocument.of(outcome.error).error
        return BatchItem(
            file=outcome.label, mask=None, before=False, classes=(), flags=(), seconds=None,
            error=error,
        )  # fmt: skip
    return BatchItem(
        file=outcome.label,
        mask=record.mask,
        before=outcome.before,
        classes=_classes(record),
        flags=tuple(FlagReport(code=f.code, sentence=f.sentence) for f in record.flags),
        seconds=record.seconds,
        error=None,
    )


def _classes(record: ItemRecord) -> tuple[SegmentedClass, ...]:
    return tuple(map(_class, record.classes))


def _class(found: ClassRecord) -> SegmentedClass:
    return SegmentedClass(
        value=found.value,
        name=found.name,
        voxels=found.voxels,
        measurement=MeasurementValue(value=found.size, unit=found.unit),
        components=found.components,
        confidence=found.confidence,
        review=found.review,
    )
