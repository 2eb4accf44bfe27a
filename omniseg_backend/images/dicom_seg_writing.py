"""Writing DICOM segmentations that refer to the images they were made from.

The object is of the binary kind, one segment per class, which every viewer with segmentations
reads; highdicom builds it. Class values, exact geometry and provenance stand as a record in a
private block beside what the standard has a place for.
"""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
import pydicom
from highdicom.color import CIELabColor
from highdicom.seg import SegmentDescription
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as DicomCode

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.provenance import (
    DISTRIBUTION,
    NOTICE,
    Provenance,
    software_version,
)
from omniseg_backend.images.classes import ClassEntry
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
    read_first_header,
    read_headers,
    refuse_other_grid,
)
from omniseg_backend.images.dicom_source import DicomSource
from omniseg_backend.images.dicom_tags import PYDICOM_ERRORS
from omniseg_backend.images.records import SegmentationRecord
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.terminology import LONG_LENGTH, Code, category_of, codes_of

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
    """Refuse what has no DICOM images to refer to, series in time and names that do not fit."""
    source = segmentation.source
    if source is None:
        raise DataError(
            target,
            found="an image that was not read from DICOM",
            expected="a DICOM image, since a DICOM result refers to the images it was made from",
            remedy="write .seg.nrrd or .nii.gz instead, or start from the DICOM series",
        )
    _refuse_time(segmentation, source, target)
    _refuse_classes(segmentation, target)
    _refuse_unplaced(segmentation, source, target)


def save_labels(segmentation: Segmentation, path: Path) -> None:
    """Write a DICOM segmentation to ``path``, with a new series and instance UID.

    Raises:
        DataError: The source's files are gone, or their headers do not suffice.
        GeometryError: The labels do not lie on the source's pixels.
    """
    source = segmentation.source
    if source is None:
        raise DataError(
            path,
            found="no DICOM source",
            expected="a segmentation that check_labels let pass",
            remedy="check it first",
        )
    with quietly():
        headers = read_headers(source, path)
        refuse_other_grid(segmentation.geometry, source, headers, path)
        make_regular(headers, segmentation.geometry)
        try:
            dataset = _assemble(segmentation, source, headers)
        except PYDICOM_ERRORS as error:
            # The cause is kept for a debugger, but its text is not shown: it may quote values.
            raise DataError(
                path,
                found=f"source images whose headers do not suffice ({type(error).__name__})",
                expected="images of one frame of reference, as the standard describes them",
                remedy="write .seg.nrrd or .nii.gz instead",
            ) from error
        dataset.save_as(path, enforce_file_format=True)


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
        segment_descriptions=_describe_segments(segmentation),
        series_instance_uid=highdicom.UID(),
        series_number=int(first.get("SeriesNumber") or 0) + _SERIES_OFFSET,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="OmniSeg",
        manufacturer_model_name=DISTRIBUTION,
        software_versions=software_version(),
        device_serial_number="none",
        content_label="SEGMENTATION",
        content_description=_notice(provenance)[:LONG_LENGTH],
        series_description=_title(provenance)[:LONG_LENGTH],
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


def _describe_segments(segmentation: Segmentation) -> list[SegmentDescription]:
    algorithm = _algorithm(segmentation.provenance)
    return [
        SegmentDescription(
            segment_number=number,
            segment_label=entry.name,
            segmented_property_category=_coded(category_of(entry)),
            segmented_property_type=_coded(code),
            algorithm_type="AUTOMATIC" if algorithm else "MANUAL",
            algorithm_identification=algorithm,
            display_color=_display_colour(entry),
        )
        for number, (entry, code) in enumerate(
            zip(segmentation.classes, codes_of(segmentation.classes), strict=True), start=1
        )
    ]


def _algorithm(provenance: Provenance | None) -> highdicom.AlgorithmIdentificationSequence | None:
    """Which bundle made it and with which software; None for a person's work."""
    if provenance is None:
        return None
    return highdicom.AlgorithmIdentificationSequence(
        name=provenance.bundle[:LONG_LENGTH],
        version=provenance.bundle_version[:LONG_LENGTH],
        family=codes.DCM.ArtificialIntelligence,
        source=provenance.software[:LONG_LENGTH],
        parameters={
            "bundle_hash": provenance.bundle_hash,
            "time": provenance.time,
            "modality": provenance.modality,
            "synthetic": str(provenance.synthetic).lower(),
            "notice": _notice(provenance).replace(",", ";"),
        },
    )


def _notice(provenance: Provenance | None) -> str:
    if provenance is None:
        return NOTICE
    return f"DEMO, {provenance.notice}" if provenance.synthetic else provenance.notice


def _title(provenance: Provenance | None) -> str:
    """The notice first, since viewers and the standard cut the end off."""
    made_by = f"; {provenance.bundle} {provenance.bundle_version}" if provenance else ""
    return f"{_notice(provenance)}{made_by}"


def _coded(code: Code) -> DicomCode:
    return DicomCode(code.value, code.scheme, code.meaning)


def _display_colour(entry: ClassEntry) -> CIELabColor:
    return CIELabColor.from_rgb(*entry.colour)


def _refuse_time(segmentation: Segmentation, source: DicomSource, target: Path) -> None:
    frames = segmentation.labels.shape[0]
    slices = segmentation.geometry.shape[2]
    if frames > 1 or len(source.planes) != slices:
        raise DataError(
            target,
            found=f"{frames} time points, {slices} slices and {len(source.planes)} source frames",
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


def _refuse_unplaced(segmentation: Segmentation, source: DicomSource, target: Path) -> None:
    """Refuse early by the first file what highdicom would refuse after the run."""
    first = read_first_header(source)
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
