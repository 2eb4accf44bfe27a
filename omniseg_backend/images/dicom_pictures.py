"""The spacing of DICOM pictures: images that have no place in the patient."""

from __future__ import annotations

from omniseg_backend.common.flags import Flag
from omniseg_backend.images.dicom_header import Frame
from omniseg_backend.images.dicom_tags import Tags

Spacing = tuple[float, float]

#: Codes of an ultrasound region (PS3.3 C.8.5.5): a 2D image, and centimetres per pixel.
_TWO_DIMENSIONAL = 1
_CENTIMETRES = 3
#: Regions of one scan, such as an image and its colour overlay, repeat the same numbers.
_RELATIVE_TOLERANCE = 1e-4


def picture_spacing(tags: Tags, frame: Frame) -> tuple[Spacing | None, tuple[Flag, ...]]:
    """The distance of rows and of columns in mm, where it is true in the patient.

    Args:
        tags: The data set.
        frame: What its pixel measures say.

    Returns:
        The calibration of the ultrasound regions if they agree, else the pixel spacing. None
        without one, and where the spacing is that on the detector of an X-ray, which magnifies;
        with a note where a spacing was left out.
    """
    regions = tags.items("SequenceOfUltrasoundRegions")
    if regions:
        return _of_regions(regions)
    if frame.spacing is None:
        return None, ()
    detector = tags.numbers("ImagerPixelSpacing", 2)
    if detector == frame.spacing and not tags.text("PixelSpacingCalibrationType"):
        sentence = (
            f"The spacing of {detector[0]:g} x {detector[1]:g} mm is the X-ray detector's and not "
            "the patient's: measured in pixels."
        )
        return None, (Flag("spacing_of_detector", sentence),)
    return frame.spacing, ()


def _of_regions(regions: list[Tags]) -> tuple[Spacing | None, tuple[Flag, ...]]:
    found: list[Spacing] = []
    for region in regions:
        units = (
            region.whole("PhysicalUnitsXDirection"),
            region.whole("PhysicalUnitsYDirection"),
        )
        flat = region.whole("RegionSpatialFormat") == _TWO_DIMENSIONAL
        across, down = region.number("PhysicalDeltaX"), region.number("PhysicalDeltaY")
        if flat and units == (_CENTIMETRES, _CENTIMETRES) and across and down:
            # The sign tells the direction of an axis, not the size of a pixel.
            found.append((abs(down) * 10.0, abs(across) * 10.0))
    if not found:
        return None, ()
    first = found[0]
    for other in found[1:]:
        if any(abs(a - b) > _RELATIVE_TOLERANCE * a for a, b in zip(first, other, strict=True)):
            sentence = "The ultrasound regions have different scales: measured in pixels."
            return None, (Flag("scales_differ", sentence),)
    return first, ()
