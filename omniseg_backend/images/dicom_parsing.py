"""From a DICOM file to its checked header."""

from __future__ import annotations

import dataclasses

from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    UltrasoundMultiFrameImageStorage,
    VideoEndoscopicImageStorage,
    VideoMicroscopicImageStorage,
    VideoPhotographicImageStorage,
    XRayAngiographicImageStorage,
    XRayRadiofluoroscopicImageStorage,
)

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.images.checks import DEFLATE_LIMIT
from omniseg_backend.images.dicom_dataset import read_dataset
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.dicom_frames import classic_frame, enhanced_frames, is_enhanced
from omniseg_backend.images.dicom_header import (
    Frame,
    Header,
    PixelFormat,
    refuse_impossible,
    refuse_odd_pixels,
)
from omniseg_backend.images.dicom_kinds import class_of, modality_of, not_an_image
from omniseg_backend.images.dicom_pictures import picture_spacing
from omniseg_backend.images.dicom_tags import Tags, quiet_pydicom

#: Classes whose frames follow each other in time by definition.
_CINE = (
    UltrasoundMultiFrameImageStorage,
    XRayAngiographicImageStorage,
    XRayRadiofluoroscopicImageStorage,
    VideoEndoscopicImageStorage,
    VideoMicroscopicImageStorage,
    VideoPhotographicImageStorage,
)
#: What a frame increment pointer names where frames follow in time.
_TIME_POINTERS = ("(0018,1063)", "(0018,1065)")  # Frame Time, Frame Time Vector
#: Of a code string (CS), whatever a damaged file holds there.
_LONGEST_CODE = 16
#: How far the times of a vector may differ and still be one time between frames.
_RELATIVE_TOLERANCE = 0.01


def parse_header(file: DicomFile) -> Header | str:
    """Read and check a file's header.

    Returns:
        The header of an image; of any other object, what it is.

    Raises:
        DataError: The header is damaged, or its image is of no kind that can be read.
    """
    tags = Tags(read_dataset(file, pixels=False), file)
    with quiet_pydicom():
        return not_an_image(tags) or _parse_image(file, tags)


def _parse_image(file: DicomFile, tags: Tags) -> Header:
    syntax: UID = tags.dataset.file_meta.TransferSyntaxUID
    pixels = _pixel_format(tags, encapsulated=syntax.is_encapsulated)
    count = tags.whole("NumberOfFrames") or 1
    refuse_odd_pixels(file, pixels, count)
    deflated = syntax == DeflatedExplicitVRLittleEndian
    capacity = file.size * (DEFLATE_LIMIT if deflated else 1)
    refuse_impossible(file, capacity, pixels, count)
    frames, in_time = _frames(file, tags, count)
    frames, notes = _as_pictures(tags, frames)
    return Header(
        file=file,
        series_uid=tags.text("SeriesInstanceUID"),
        modality=modality_of(tags),
        modality_code=tags.text("Modality"),
        pixels=pixels,
        frames=frames,
        in_time=in_time,
        frame_seconds=_frame_seconds(tags, count) if in_time else None,
        has_table=tags.has("ModalityLUTSequence"),
        notes=notes,
    )


def _pixel_format(tags: Tags, *, encapsulated: bool) -> PixelFormat:
    allocated = tags.whole("BitsAllocated") or 0
    palette = tags.numbers("RedPaletteColorLookupTableDescriptor", 3)
    return PixelFormat(
        rows=tags.whole("Rows") or 0,
        columns=tags.whole("Columns") or 0,
        samples=tags.whole("SamplesPerPixel") or 1,
        bits_allocated=allocated,
        bits_stored=tags.whole("BitsStored") or allocated,
        signed=tags.whole("PixelRepresentation") == 1,
        # Real numbers have no sign bit of their own to declare (PS3.3 C.7.6.24).
        real=allocated >= 32 and not tags.has("PixelRepresentation"),
        photometric=tags.text("PhotometricInterpretation")[:_LONGEST_CODE],
        encapsulated=encapsulated,
        palette_bits=int(palette[2]) if palette is not None else 0,
    )


def _frames(file: DicomFile, tags: Tags, count: int) -> tuple[tuple[Frame, ...], bool]:
    """The frames, and whether those of a classic file are time points."""
    if is_enhanced(tags):
        return enhanced_frames(file, tags, count), False
    frame = classic_frame(file, tags)
    if count == 1:
        return (frame,), False
    if not _is_cine(tags):
        raise DataError(
            file,
            found=f"{count} frames, and no word on whether they are slices or time points",
            expected="frames with positions, or with a time between them",
            remedy="export them as an enhanced multi-frame image or as single slices",
        )
    return tuple(dataclasses.replace(frame, number=n) for n in range(1, count + 1)), True


def _as_pictures(
    tags: Tags, frames: tuple[Frame, ...]
) -> tuple[tuple[Frame, ...], tuple[Flag, ...]]:
    """Frames without a complete place in the patient get the spacing that holds for pictures."""
    placed, notes = [], set[Flag]()
    for frame in frames:
        if frame.position is not None and frame.orientation is not None:
            placed.append(frame)
            continue
        spacing, remarks = picture_spacing(tags, frame)
        notes.update(remarks)
        placed.append(dataclasses.replace(frame, position=None, orientation=None, spacing=spacing))
    return tuple(placed), tuple(sorted(notes, key=str))


def _is_cine(tags: Tags) -> bool:
    if class_of(tags) in _CINE:
        return True
    return tags.text("FrameIncrementPointer") in _TIME_POINTERS


def _frame_seconds(tags: Tags, count: int) -> float | None:
    between = tags.number("FrameTime")
    if between and between > 0:
        return between / 1000.0
    vector = tags.numbers("FrameTimeVector", count)
    if vector is not None and vector[1] > 0:
        uneven = max(vector[1:]) - min(vector[1:]) > _RELATIVE_TOLERANCE * vector[1]
        return None if uneven else vector[1] / 1000.0
    rate = tags.number("CineRate")
    return 1.0 / rate if rate and rate > 0 else None
