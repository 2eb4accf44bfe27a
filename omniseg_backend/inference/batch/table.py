"""The one CSV of a batch: a row for every class of every image, and one for each bad image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from omniseg_backend.common.csv_cells import csv_text
from omniseg_backend.inference.batch.outcome import Outcome
from omniseg_backend.inference.batch.record import ClassRecord, ItemRecord

#: ``volume`` is an area for pictures: its unit says which. ``mask`` is relative to the output.
COLUMNS = ("file", "class", "volume", "unit", "confidence", "flag", "error", "mask")
#: Of a run; said for each class in its own row instead.
_BY_CLASS = ("none_found", "review")


def table(outcomes: Sequence[Outcome]) -> str:
    """The CSV of these outcomes."""
    return csv_text([COLUMNS, *(row for outcome in outcomes for row in _rows(outcome))])


def class_flags(record: ItemRecord, found: ClassRecord) -> tuple[str, ...]:
    """Codes of what is to be known about one class: its own, then those of the image."""
    own = [
        code
        for code, holds in (("none_found", found.voxels == 0), ("review", found.review))
        if holds
    ]
    return (*own, *(flag.code for flag in record.flags if flag.code not in _BY_CLASS))


def _rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    record = outcome.record
    if record is None:
        yield (outcome.label, "", "", "", "", "", str(outcome.error), "")
        return
    for found in record.classes:
        yield (
            outcome.label,
            found.name,
            _figure(found.size),
            found.unit,
            "" if found.confidence is None else f"{found.confidence:.3f}",
            "; ".join(class_flags(record, found)),
            "",
            record.mask,
        )


def _figure(size: float) -> str:
    """Six significant digits, never in powers of ten."""
    return f"{size:.0f}" if size >= 1e6 else f"{size:.6g}" if size >= 1e-4 else "0"
