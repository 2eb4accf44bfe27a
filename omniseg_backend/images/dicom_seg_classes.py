"""What the segments of a DICOM segmentation are: names, colours and codes."""

from __future__ import annotations

from pathlib import Path

import pydicom
from highdicom.color import CIELabColor

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import PALETTE, ClassEntry, Colour
from omniseg_backend.images.terminology import SNOMED, snomed_meanings


def classes_of_segments(dataset: pydicom.Dataset, path: Path) -> tuple[ClassEntry, ...]:
    """One class per segment, under the segment's number; the background is none.

    Raises:
        DataError: There is no segment, or one without a number.
    """
    entries: list[ClassEntry] = []
    for index, segment in enumerate(dataset.get("SegmentSequence") or ()):
        number = segment.get("SegmentNumber")
        if number is None:
            raise DataError(
                path,
                found="a segment without a number",
                expected="segments numbered from 1",
                remedy="export the segmentation again",
            )
        if int(number) == 0:
            continue
        taken = {entry.name for entry in entries}
        name = str(segment.get("SegmentLabel") or "").strip() or f"segment {number}"
        entries.append(
            ClassEntry(
                value=int(number),
                name=name if name not in taken else f"{name} ({number})",
                colour=_colour(segment, index),
                snomed=_snomed(segment),
            )
        )
    if not entries:
        raise DataError(
            path,
            found="no segments",
            expected="a DICOM segmentation with at least one",
            remedy="export the segmentation again",
        )
    return tuple(entries)


def _colour(segment: pydicom.Dataset, index: int) -> Colour:
    stored = segment.get("RecommendedDisplayCIELabValue")
    if not stored or len(stored) != 3:
        return PALETTE[index % len(PALETTE)]
    red, green, blue = CIELabColor.from_dicom_value(list(stored)).to_rgb(clip=True)
    return (int(red), int(green), int(blue))


def _snomed(segment: pydicom.Dataset) -> str | None:
    """The SNOMED CT code of the segment's type, where pydicom's dictionary knows it."""
    for item in segment.get("SegmentedPropertyTypeCodeSequence") or ():
        value, scheme = str(item.get("CodeValue", "")), item.get("CodingSchemeDesignator")
        if scheme == "SRT":
            value = _modern(value)
        if scheme in (SNOMED, "SRT") and snomed_meanings(value):
            return value
    return None


def _modern(value: str) -> str:
    """The SNOMED CT code of a retired SNOMED RT one, such as T-62000; unchanged if unknown."""
    # pydicom offers the table through the equality of its codes only.
    from pydicom.sr._snomed_dict import mapping

    return str(mapping["SRT"].get(value, value))
