"""The table of classes as CSV for spreadsheets, and as text for the clipboard."""

from __future__ import annotations

from napari_omniseg.bridge.origin import LabelsOrigin
from napari_omniseg.models.class_rows import ClassRow, ClassRows
from omniseg_backend.common.csv_cells import csv_text, harmless
from omniseg_backend.common.plain_text import one_line
from omniseg_backend.common.provenance import NOTICE
from omniseg_backend.inference.measurements import Measurement

COLUMNS = (
    "class", "value", "time_point", "size", "unit", "components", "confidence", "review",
    "figures_from", "model", "model_version", "model_sha256", "arithmetic", "software", "made",
    "notice",
)  # fmt: skip
_SOURCES = {"run": "model", "hand": "changed by hand", "counted": "label layer"}


def class_csv(rows: ClassRows, origin: LabelsOrigin | None) -> str:
    """The table as CSV, one row per class; of a series the mean and then each time point.

    Sizes stand in full, not rounded as on screen. The confidence is the run's: of a class that
    was changed by hand since, ``figures_from`` says so.

    Args:
        rows: The table.
        origin: What the layer remembers.
    """
    return csv_text(_lines(rows, origin))


def class_text(rows: ClassRows, origin: LabelsOrigin | None) -> str:
    """The same with tabs between cells, as spreadsheets paste it."""
    lines = _lines(rows, origin)
    return "".join("\t".join(harmless(one_line(cell)) for cell in line) + "\n" for line in lines)


def _lines(rows: ClassRows, origin: LabelsOrigin | None) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [COLUMNS]
    made = _made(origin)
    for row in rows.rows:
        if rows.frames == 1:
            lines.append((*_figures(row, "", row.measurement, row.components), *made))
            continue
        lines.append((*_figures(row, "mean", row.measurement, row.components), *made))
        frames = zip(row.frame_measurements, row.frame_components, strict=True)
        for frame, (size, components) in enumerate(frames):
            lines.append((*_figures(row, str(frame), size, components), *made))
    return lines


def _figures(row: ClassRow, frame: str, size: Measurement, components: int) -> tuple[str, ...]:
    confidence = None if row.run is None else row.run.confidence
    review = "" if row.run is None else ("yes" if row.review else "no")
    return (
        row.entry.name,
        str(row.entry.value),
        frame,
        f"{size.value:.10g}",
        {"mm2": "mm²", "px3": "voxels"}.get(size.unit, size.unit),
        str(components),
        "" if confidence is None else f"{confidence:.4f}",
        review,
        _SOURCES[row.source],
    )


def _made(origin: LabelsOrigin | None) -> tuple[str, ...]:
    made = None if origin is None else origin.provenance
    if made is None:
        return ("", "", "", "", "", "", NOTICE)
    return (
        made.bundle,
        made.bundle_version,
        made.bundle_hash,
        made.arithmetic,
        made.software,
        made.time,
        made.heading,
    )
