"""What the header of a DICOM segmentation says, taken from the data set in one place.

pydicom converts elements when they are asked for and raises many kinds of errors for damaged
ones; after this module, they are plain values.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.uid import SegmentationStorage

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassEntry
from omniseg_backend.images.dicom_kinds import LABEL_MAP_SEGMENTATION
from omniseg_backend.images.dicom_seg_classes import classes_of_segments
from omniseg_backend.images.dicom_seg_source import plane_affine
from omniseg_backend.images.dicom_tags import PYDICOM_ERRORS

_SEGMENTATIONS = (SegmentationStorage, LABEL_MAP_SEGMENTATION)

#: The private block with the record of this project's writer: odd group, creator, element.
RECORD_GROUP, RECORD_CREATOR, RECORD_ELEMENT = 0x0099, "OMNISEG", 0x01


@dataclasses.dataclass(frozen=True, eq=False)
class SegmentFrame:
    """One stored frame.

    Attributes:
        segment: Its segment's number; None in a label map, whose pixels are numbers.
        affine: Where it lies, as ``plane_affine`` gives it; None where the file does not say.
    """

    segment: int | None
    affine: NDArray[np.float64] | None


@dataclasses.dataclass(frozen=True, eq=False)
class SegmentationHeader:
    """What is known of a DICOM segmentation before its pixels are read.

    Attributes:
        frames: In the order of the pixels.
        classes: One per segment, valued by the segments' numbers.
        in_plane: Columns and rows.
        distance: Of slices, in mm, as stated; frames may leave slices out.
        packed: Whether pixels are bits that follow each other across frames.
        record: The text of the record that this project's writer left, if any.
    """

    frames: tuple[SegmentFrame, ...]
    classes: tuple[ClassEntry, ...]
    in_plane: tuple[int, int]
    distance: float
    packed: bool
    record: str | None


def read_segmentation_header(dataset: pydicom.Dataset, path: Path) -> SegmentationHeader:
    """Take the header of a binary or label-map segmentation apart.

    Raises:
        DataError: It is none, or is damaged.
    """
    try:
        _refuse_other_kinds(dataset, path)
        return SegmentationHeader(
            frames=_frames(dataset),
            classes=classes_of_segments(dataset, path),
            in_plane=(int(dataset.Columns), int(dataset.Rows)),
            distance=_distance(dataset),
            packed=dataset.BitsAllocated == 1
            and not dataset.file_meta.TransferSyntaxUID.is_encapsulated,
            record=_record(dataset),
        )
    except PYDICOM_ERRORS as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> DataError:
    """The error for a file that pydicom cannot decode; its own text may quote a patient."""
    return DataError(
        path,
        found=f"a DICOM segmentation that cannot be decoded ({type(error).__name__})",
        expected="the frames that its header announces",
        remedy="export or copy it again",
    )


def _refuse_other_kinds(dataset: pydicom.Dataset, path: Path) -> None:
    if dataset.get("SOPClassUID") not in _SEGMENTATIONS:
        raise DataError(
            path,
            found="a DICOM object of another kind",
            expected="a DICOM segmentation",
            remedy="pass the segmentation and not the image",
        )
    kind = str(dataset.get("SegmentationType", ""))
    if kind not in ("BINARY", "LABELMAP"):
        raise DataError(
            path,
            found=f"a segmentation of the type {kind!r}",
            expected="BINARY or LABELMAP: fractions are no labels",
            remedy="threshold it in the program that made it",
        )


def _frames(dataset: pydicom.Dataset) -> tuple[SegmentFrame, ...]:
    shared = dataset.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()]
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    if not groups or len(groups) != int(dataset.get("NumberOfFrames", 1)):
        raise ValueError("frames and functional groups differ in number")
    frames = []
    for number, group in enumerate(groups, 1):
        name = "SegmentIdentificationSequence"
        segment = None
        if dataset.SegmentationType == "BINARY":
            segment = int((group.get(name) or shared[0][name])[0].ReferencedSegmentNumber)
        frames.append(SegmentFrame(segment, plane_affine(dataset, number)))
    return tuple(frames)


def _distance(dataset: pydicom.Dataset) -> float:
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()])[0]
    for group in (shared, dataset.PerFrameFunctionalGroupsSequence[0]):
        for measures in group.get("PixelMeasuresSequence") or ():
            for keyword in ("SpacingBetweenSlices", "SliceThickness"):
                if measures.get(keyword):
                    return abs(float(measures[keyword].value))
    return 1.0


def _record(dataset: pydicom.Dataset) -> str | None:
    try:
        block = dataset.private_block(RECORD_GROUP, RECORD_CREATOR)
        return str(block[RECORD_ELEMENT].value)
    except KeyError:
        return None
