"""The frames of a DICOM file: where each lies, how its values scale and when it was taken.

In a classic file the data set itself says it, once for all frames. In an enhanced file it
stands in functional groups: those of the frame, and those that all frames share.

References:
    DICOM PS3.3, C.7.6.16 (multi-frame functional groups) and C.7.6.2 (image plane).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable

import numpy as np
import pydicom

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.wording import counted
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.dicom_header import Frame, Moment, Vector
from omniseg_backend.images.dicom_tags import Tags

#: Gives the group of a name that holds for one frame; an empty one where there is none.
Groups = Callable[[str], Tags]

#: How far direction cosines may be from perpendicular unit vectors: files give four digits
#: and more.
_COSINE_TOLERANCE = 1e-3

_FRAME_TYPES = ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence")
_DAY_SECONDS = 86400.0


def is_enhanced(tags: Tags) -> bool:
    """Whether the file describes its frames in functional groups."""
    return tags.has("PerFrameFunctionalGroupsSequence")


def classic_frame(file: DicomFile, tags: Tags) -> Frame:
    """The frame that a classic file describes, or what holds for each of its frames."""
    return _frame(file, 1, lambda _name: tags)


def enhanced_frames(file: DicomFile, tags: Tags, count: int) -> tuple[Frame, ...]:
    """The frames of an enhanced file.

    Raises:
        DataError: The groups describe another number of frames than there are, or are damaged.
    """
    shared = tags.items("SharedFunctionalGroupsSequence")
    own = tags.items("PerFrameFunctionalGroupsSequence")
    if len(own) != count:
        raise DataError(
            file,
            found=f"{counted(count, 'frame')} and {counted(len(own), 'description')} of frames",
            expected="one description per frame",
            remedy="export the image again from the scanner or archive",
        )
    common = {id(group): group for group in shared[:1]}
    return tuple(
        _frame(file, number, _lookup([group, *common.values()], file))
        for number, group in enumerate(own, start=1)
    )


def _lookup(groups: list[Tags], file: DicomFile) -> Groups:
    def find(name: str) -> Tags:
        for group in groups:
            if items := group.items(name):
                return items[0]
        return Tags(pydicom.Dataset(), file)

    return find


def _frame(file: DicomFile, number: int, groups: Groups) -> Frame:
    measures = groups("PixelMeasuresSequence")
    scaling = groups("PixelValueTransformationSequence")
    slope, intercept = scaling.number("RescaleSlope"), scaling.number("RescaleIntercept")
    return Frame(
        file=file,
        number=number,
        position=_vector(groups("PlanePositionSequence").numbers("ImagePositionPatient", 3)),
        orientation=_orientation(file, groups("PlaneOrientationSequence")),
        spacing=_spacing(file, measures),
        thickness=_positive(measures.number("SliceThickness")),
        # Only both together scale, as pydicom has it.
        slope=1.0 if slope is None or intercept is None else slope,
        intercept=0.0 if slope is None or intercept is None else intercept,
        moment=_moment(groups),
        contrast=_contrast(groups),
    )


def _vector(numbers: tuple[float, ...] | None) -> Vector | None:
    return None if numbers is None else (numbers[0], numbers[1], numbers[2])


def _orientation(file: DicomFile, group: Tags) -> tuple[Vector, Vector] | None:
    """Unit vectors; the digits that a file rounds away must not scale the spacing."""
    cosines = group.numbers("ImageOrientationPatient", 6)
    if cosines is None:
        return None
    axes = np.reshape(cosines, (2, 3))
    if np.abs(axes @ axes.T - np.eye(2)).max() > _COSINE_TOLERANCE:
        raise DataError(
            file,
            found="directions of rows and columns that are not perpendicular unit vectors",
            expected="a valid Image Orientation (Patient)",
            remedy="export the image again from the scanner or archive",
        )
    row, column = (axes / np.linalg.norm(axes, axis=1, keepdims=True)).tolist()
    return (row[0], row[1], row[2]), (column[0], column[1], column[2])


def _spacing(file: DicomFile, group: Tags) -> tuple[float, float] | None:
    found = group.numbers("PixelSpacing", 2)
    if found is None:
        return None
    if min(found) <= 0:
        raise DataError(
            file,
            found=f"a pixel spacing of {found[0]:g} x {found[1]:g} mm",
            expected="spacings above zero",
            remedy="correct the header, or export the image again",
        )
    return found[0], found[1]


def _positive(number: float | None) -> float | None:
    return number if number is not None and number > 0 else None


def _moment(groups: Groups) -> Moment:
    content = groups("FrameContentSequence")
    heart = groups("CardiacSynchronizationSequence")
    return Moment(
        index=_first(content, "TemporalPositionIndex", "TemporalPositionIdentifier"),
        trigger=_first_number(heart, "NominalCardiacTriggerDelayTime", "TriggerTime"),
        acquisition=_first(content, "FrameAcquisitionNumber", "AcquisitionNumber"),
        clock=_clock(content),
        resolution=_positive(content.number("TemporalResolution")),
    )


def _first(tags: Tags, *keywords: str) -> int | None:
    return next((found for word in keywords if (found := tags.whole(word)) is not None), None)


def _first_number(tags: Tags, *keywords: str) -> float | None:
    return next((found for word in keywords if (found := tags.number(word)) is not None), None)


def _clock(tags: Tags) -> float | None:
    stamp = (
        tags.text("FrameAcquisitionDateTime")
        or tags.text("AcquisitionDateTime")
        or tags.text("AcquisitionDate") + tags.text("AcquisitionTime")
    )
    if not stamp:
        return None
    if len(stamp) > 8 and stamp[:8].isdigit() and "." not in stamp[:8]:
        return _seconds(stamp[:8], stamp[8:])
    return _seconds("", stamp)


def _seconds(date: str, time: str) -> float | None:
    """Seconds of ``YYYYMMDD`` and ``HHMMSS.FFFFFF``; None for what is written otherwise."""
    try:
        days = datetime.datetime.strptime(date, "%Y%m%d").toordinal() if date else 0
        hours, minutes = int(time[:2]), int(time[2:4])
        # A zone such as +0100 may follow; it is the same for all frames.
        seconds = float(time[4:].split("+")[0].split("-")[0])
    except ValueError:
        return None
    found = days * _DAY_SECONDS + hours * 3600.0 + minutes * 60.0 + seconds
    return found if math.isfinite(found) else None


def _contrast(groups: Groups) -> tuple[tuple[str, str], ...]:
    types = [groups(name) for name in _FRAME_TYPES]
    kind = next((text for tags in types if (text := tags.text("FrameType"))), "")
    echo = groups("MREchoSequence")
    diffusion = groups("MRDiffusionSequence")
    return (
        ("image type", kind or types[0].text("ImageType")),
        ("echo time", echo.text("EffectiveEchoTime") or echo.text("EchoTime")),
        ("b-value", diffusion.text("DiffusionBValue")),
        ("diffusion direction", diffusion.text("DiffusionGradientOrientation")),
    )
