"""What ImageJ and OME metadata state about a TIFF: spacing, frame time, channel names."""

from __future__ import annotations

import dataclasses
import math
from xml.etree import ElementTree

import tifffile

#: Lengths in mm. Inches and centimetres are left out: ImageJ takes both over from the
#: resolution tags, which describe paper.
_MILLIMETRES = {
    "micron": 1e-3,
    "microns": 1e-3,
    "micrometer": 1e-3,
    "micrometre": 1e-3,
    "um": 1e-3,
    "\u00b5m": 1e-3,
    "\u03bcm": 1e-3,
    "\\u00b5m": 1e-3,
    "nm": 1e-6,
    "mm": 1.0,
}
_SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "\u00b5s": 1e-6, "min": 60.0, "h": 3600.0}


@dataclasses.dataclass(frozen=True)
class StackMetadata:
    """What a TIFF's metadata states.

    Attributes:
        spacing_mm: Distance of neighbours along x, y and z in mm, each None where unknown.
        frame_seconds: Time between frames, or None.
        channel_names: Names of the channels, or empty.
    """

    spacing_mm: tuple[float | None, float | None, float | None] = (None, None, None)
    frame_seconds: float | None = None
    channel_names: tuple[str, ...] = ()


def read_metadata(file: tifffile.TiffFile) -> StackMetadata:
    """The metadata of an open TIFF; empty for one that neither ImageJ nor OME describes."""
    if file.is_ome and file.ome_metadata:
        return _from_ome(file.ome_metadata)
    if file.is_imagej:
        return _from_imagej(file)
    return StackMetadata()


def _from_imagej(file: tifffile.TiffFile) -> StackMetadata:
    metadata = file.imagej_metadata or {}
    scale = _MILLIMETRES.get(str(metadata.get("unit", "")).lower())
    apart = _positive(metadata.get("spacing"))
    interval = _positive(metadata.get("finterval"))
    seconds = _SECONDS.get(str(metadata.get("tunit", "s")), 1.0)
    tags = file.pages.first.tags
    per_unit = tuple(_resolution(tags, name) for name in ("XResolution", "YResolution"))
    return StackMetadata(
        spacing_mm=(
            scale / per_unit[0] if scale and per_unit[0] else None,
            scale / per_unit[1] if scale and per_unit[1] else None,
            scale * apart if scale and apart else None,
        ),
        frame_seconds=interval * seconds if interval else None,
    )


def _resolution(tags: tifffile.TiffTags, name: str) -> float | None:
    """Pixels per unit of length, which ImageJ keeps as a fraction."""
    tag = tags.get(name)
    if tag is None:
        return None
    numerator, denominator = tag.value
    return _positive(numerator / denominator) if denominator else None


def _from_ome(text: str) -> StackMetadata:
    # tifffile has parsed this text already; expat limits the expansion of entities.
    pixels = ElementTree.fromstring(text).find(".//{*}Image/{*}Pixels")
    if pixels is None:
        return StackMetadata()
    along, down, apart = (_ome_length(pixels, axis) for axis in "XYZ")
    step = _positive(pixels.get("TimeIncrement"))
    seconds = _SECONDS.get(pixels.get("TimeIncrementUnit", "s"))
    names = [channel.get("Name", "") for channel in pixels.findall("{*}Channel")]
    return StackMetadata(
        spacing_mm=(along, down, apart),
        frame_seconds=step * seconds if step and seconds else None,
        channel_names=tuple(names) if all(names) else (),
    )


def _ome_length(pixels: ElementTree.Element, axis: str) -> float | None:
    length = _positive(pixels.get(f"PhysicalSize{axis}"))
    scale = _MILLIMETRES.get(pixels.get(f"PhysicalSize{axis}Unit", "\u00b5m"))
    return length * scale if length and scale else None


def _positive(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
