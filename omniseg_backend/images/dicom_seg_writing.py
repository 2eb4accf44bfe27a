"""Writing DICOM segmentations that refer to the images they were made from.

The object is of the binary kind, one segment per class, which every viewer with segmentations
reads; highdicom builds it. Class values, exact geometry and provenance stand as a record in a
private block beside what the standard has a place for.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import highdicom
import numpy as np
import pydicom

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.provenance import DISTRIBUTION, software_version
from omniseg_backend.common.wording import counted
from omniseg_backend.images.dicom_seg_content import describe_segments, notice_of, title_of
from omniseg_backend.images.dicom_seg_header import (
    RECORD_CREATOR,
    RECORD_ELEMENT,
    RECORD_GROUP,
)
from omniseg_backend.images.dicom_seg_source import (
    frame_indices,
    is_multiframe,
    make_regular,
    quietly,
    read_headers,
    refuse_other_grid,
)
from omniseg_backend.images.dicom_source import DicomSource
from omniseg_backend.images.dicom_tags import PYDICOM_ERRORS
from omniseg_backend.images.records import SegmentationRecord
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.terminology import LONG_LENGTH, codes_of

_SERIES_OFFSET = 1000

#: Copied from the source by us, as they stand: highdicom refuses values that break the
#: standard's rules and names the patient in its log when it does not like the name.
_IDENTITY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)


def check_labels(segmentation: Segmentation, target: Path) -> None:
    """Refuse what has no DICOM images to refer to, series in time and names that do not fit.

    One slice is built, without being written, so that headers which do not suffice are found
    before the run.
    """
    source = _source_of(segmentation, target)
    _refuse_time(segmentation, source, target)
    _refuse_classes(segmentation, target)
    with quietly():
        first = read_headers(DicomSource(source.series_uid, source.planes[:1]), target)
        _refuse_unplaced(segmentation, source, first[0], target)
        _build(_one_slice(segmentation, source), first, target)


def save_labels(segmentation: Segmentation, path: Path) -> None:
    """Write a DICOM segmentation to ``path``, with a new series and instance UID.

    Raises:
        DataError: The source's files are gone, or their headers do not suffice.
        GeometryError: The labels do not lie on the source's pixels.
    """
    named = Path(path.name)  # in messages: its folder is a temporary one
    with quietly():
        headers = read_headers(_source_of(segmentation, named), named)
        dataset = _build(segmentation, headers, named)
        dataset.save_as(path, enforce_file_format=True)


def _source_of(segmentation: Segmentation, target: Path) -> DicomSource:
    if segmentation.source is None:
        raise DataError(
            target,
            found="an image that was not read from DICOM",
            expected="a DICOM image, since a DICOM result refers to the images it was made from",
            remedy="write .seg.nrrd or .nii.gz instead, or start from the DICOM series",
        )
    return segmentation.source


def _one_slice(segmentation: Segmentation, source: DicomSource) -> Segmentation:
    """The first slice with one voxel labelled, since highdicom leaves out empty frames only."""
    geometry = segmentation.geometry
    labels = np.zeros((1, *geometry.shape[:2], 1), np.uint16)
    labels[0, 0, 0, 0] = segmentation.classes.values[0]
    return dataclasses.replace(
        segmentation,
        labels=labels,
        geometry=dataclasses.replace(geometry, shape=labels.shape[1:]),
        source=DicomSource(source.series_uid, source.planes[:1]),
    )


def _build(
    segmentation: Segmentation, headers: list[pydicom.Dataset], target: Path
) -> highdicom.seg.Segmentation:
    source = _source_of(segmentation, target)
    refuse_other_grid(segmentation.geometry, source, headers, target)
    make_regular(headers, segmentation.geometry)
    try:
        return _assemble(segmentation, source, headers)
    except PYDICOM_ERRORS as error:
        # The cause is kept for a debugger, but its text is not shown: it may quote values.
        kind = pydicom.uid.UID(headers[0].SOPClassUID).name
        raise DataError(
            target,
            found=f"source images of the kind {kind} whose headers do not suffice for a reference "
            f"({type(error).__name__})",
            expected="a frame of reference and what else the standard demands of such images",
            remedy="write .seg.nrrd or .nii.gz instead",
        ) from error


def _assemble(
    segmentation: Segmentation, source: DicomSource, headers: list[pydicom.Dataset]
) -> highdicom.seg.Segmentation:
    first = headers[0]
    first.decode()
    identity = {keyword: first.get(keyword) for keyword in _IDENTITY}
    for keyword in _IDENTITY:
        setattr(first, keyword, None)
    provenance = segmentation.provenance
    dataset = highdicom.seg.Segmentation(
        source_images=headers,
        pixel_array=_segment_numbers(segmentation, source, first),
        segmentation_type="BINARY",
        segment_descriptions=describe_segments(segmentation),
        series_instance_uid=highdicom.UID(),
        series_number=int(first.get("SeriesNumber") or 0) + _SERIES_OFFSET,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="OmniSeg",
        manufacturer_model_name=DISTRIBUTION,
        software_versions=software_version(),
        device_serial_number="none",
        content_label="SEGMENTATION",
        content_description=notice_of(provenance)[:LONG_LENGTH],
        series_description=title_of(provenance)[:LONG_LENGTH],
        # Names of classes may need letters that the source's own character set lacks.
        specific_character_set="ISO_IR 192",
    )
    for keyword, value in identity.items():
        setattr(dataset, keyword, value)
    record = SegmentationRecord.of(segmentation).model_dump_json()
    block = dataset.private_block(RECORD_GROUP, RECORD_CREATOR, create=True)
    block.add_new(RECORD_ELEMENT, "UT", record)
    return dataset


def _segment_numbers(
    segmentation: Segmentation, source: DicomSource, first: pydicom.Dataset
) -> np.ndarray:
    """Shape (frame, row, column) in the source's order of frames: 0, or a segment's number.

    Segments are numbered 1, 2, 3, ... in the class table's order; a class may have any value.
    """
    values = segmentation.classes.values
    smallest = np.uint8 if len(values) < 256 else np.uint16
    numbers = np.zeros(max(*values, int(segmentation.labels.max()), 1) + 1, smallest)
    numbers[list(values)] = np.arange(1, len(values) + 1)
    columns, rows, slices = segmentation.geometry.shape
    frames = int(first.NumberOfFrames) if is_multiframe(first) else slices
    pixels = np.zeros((frames, rows, columns), smallest)
    pixels[frame_indices(source, first)] = numbers[segmentation.labels[0].transpose(2, 1, 0)]
    return pixels


def _refuse_time(segmentation: Segmentation, source: DicomSource, target: Path) -> None:
    frames = segmentation.labels.shape[0]
    slices = segmentation.geometry.shape[2]
    if frames > 1 or len(source.planes) != slices:
        raise DataError(
            target,
            found=f"{counted(frames, 'time point')}, {counted(slices, 'slice')} and "
            f"{counted(len(source.planes), 'source frame')}",
            expected="one time point, and one DICOM frame for each slice",
            remedy="segment one phase of the series, or write .nii.gz, which holds time",
        )


def _refuse_classes(segmentation: Segmentation, target: Path) -> None:
    if not len(segmentation.classes):
        raise DataError(
            target,
            found="no class",
            expected="at least one: a DICOM segmentation consists of segments",
            remedy="name the classes",
        )
    for name in segmentation.classes.names:
        if len(name) > LONG_LENGTH or "\\" in name or not name.strip():
            raise DataError(
                target,
                found=f"the class name {name!r}",
                expected=f"1 to {LONG_LENGTH} characters without a backslash, as DICOM's labels",
                remedy="rename the class, or write another format",
            )
    codes_of(segmentation.classes)


def _refuse_unplaced(
    segmentation: Segmentation, source: DicomSource, first: pydicom.Dataset, target: Path
) -> None:
    expected = segmentation.geometry.shape[1::-1]
    if (first.get("Rows"), first.get("Columns")) != expected:
        raise DataError(
            target,
            found=f"source images of {first.get('Rows')} rows and {first.get('Columns')} columns",
            expected=f"{expected[0]} rows and {expected[1]} columns, as the labels have",
            remedy="write a segmentation that was not resampled or cropped",
        )
    several = {(plane.path, plane.member) for plane in source.planes}
    unplaced = "ImagePositionPatient" not in first and not is_multiframe(first)
    if len(source.planes) > 1 and (unplaced or (is_multiframe(first) and len(several) > 1)):
        raise DataError(
            target,
            found="frames without a position each, or spread over several multi-frame files",
            expected="single images with positions, or one multi-frame file",
            remedy="write .seg.nrrd or .nii.gz instead",
        )
