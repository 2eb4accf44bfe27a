"""Writing TIFF with OME metadata: axes, spacing, frame time and channel names.

OME has no place for a direction in space, class names or provenance: a private tag holds our
record, and the OME description the provenance in one line. Label pictures of 8 bits carry the
classes' colours as their colour map.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.raw_writing import label_voxels
from omniseg_backend.images.records import ImageRecord, SegmentationRecord
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.tiff import RECORD_TAG

#: OME's pixel types.
_TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")


def check_labels(segmentation: Segmentation, target: Path) -> None:
    """Refuse nothing: the record holds what TIFF itself cannot."""


def check_image(image: Image, target: Path) -> None:
    """Refuse a voxel type that OME has no name for."""
    if image.array.dtype.name not in _TYPES:
        raise DataError(
            target,
            found=f"voxels of the type {image.array.dtype}",
            expected="integers of up to 32 bits, float32 or float64",
            remedy="convert the voxels first",
        )


def save_labels(segmentation: Segmentation, path: Path) -> None:
    """Write uint8 or uint16 labels to ``path``, which is replaced."""
    record = SegmentationRecord.of(segmentation)
    voxels = label_voxels(segmentation)
    metadata = _metadata(segmentation.geometry, segmentation.frame_seconds)
    if record.description:
        metadata["Description"] = record.description
    indexed = voxels.dtype == np.uint8
    _write(
        path,
        voxels.transpose(0, 4, 1, 3, 2),
        {**metadata, "axes": "TZCYX"},
        record.model_dump_json(),
        photometric="palette" if indexed else "minisblack",
        colormap=_colours(segmentation.classes) if indexed else None,
    )


def save_image(image: Image, path: Path) -> None:
    """Write voxels of their own type to ``path``, which is replaced."""
    metadata = _metadata(image.geometry, image.frame_seconds)
    record = ImageRecord.of(image).as_json()
    planes = image.array.transpose(0, 4, 1, 3, 2)
    if image.channel_names == ("R", "G", "B"):
        colours = planes.transpose(0, 1, 3, 4, 2)
        _write(path, colours, {**metadata, "axes": "TZYXS"}, record, photometric="rgb")
        return
    metadata["Channel"] = {"Name": list(image.channel_names)}
    _write(path, planes, {**metadata, "axes": "TZCYX"}, record, photometric="minisblack")


def _metadata(geometry: Geometry, frame_seconds: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if geometry.unit == "mm":
        for axis, spacing in zip("XYZ"[: geometry.dimensions], geometry.spacing, strict=False):
            found |= {f"PhysicalSize{axis}": spacing, f"PhysicalSize{axis}Unit": "mm"}
    if frame_seconds:
        found |= {"TimeIncrement": frame_seconds, "TimeIncrementUnit": "s"}
    return found


def _write(
    path: Path,
    pages: NDArray[np.generic],
    metadata: dict[str, Any],
    record: str,
    **options: Any,  # noqa: ANN401 (tifffile's own, passed through)
) -> None:
    text = json.dumps(json.loads(record))  # escaped to ASCII, which TIFF's texts are
    tifffile.imwrite(
        path,
        np.ascontiguousarray(pages),
        ome=True,
        compression="zlib",
        metadata=metadata,
        extratags=[(RECORD_TAG, tifffile.DATATYPE.ASCII, 0, text, True)],
        **options,
    )


def _colours(classes: ClassTable) -> NDArray[np.uint16]:
    """Shape (3, 256): red, green, blue of each index in 16 bits."""
    colours = np.zeros((3, 256), np.uint16)
    for entry in classes:
        colours[:, entry.value] = np.array(entry.colour) * 257
    return colours
