"""Writing MetaImage (``.mha``): grids with axes at right angles, in double precision.

Class names, colours and provenance stand in a sidecar ``NAME.mha.json`` and, where the line is
not too long for other programs, in the header's field ``omniseg``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.grids import refuse_shear
from omniseg_backend.images.image import Image
from omniseg_backend.images.nrrd_writing import to_lps
from omniseg_backend.images.raw_writing import label_voxels, planes, refuse_voxel_type
from omniseg_backend.images.records import KEY, ImageRecord, SegmentationRecord
from omniseg_backend.images.segmentation import Segmentation

_TYPES = {
    "i1": "MET_CHAR", "u1": "MET_UCHAR", "i2": "MET_SHORT", "u2": "MET_USHORT", "i4": "MET_INT",
    "u4": "MET_UINT", "i8": "MET_LONG_LONG", "u8": "MET_ULONG_LONG", "f4": "MET_FLOAT",
    "f8": "MET_DOUBLE",
}  # fmt: skip

#: ITK 5.4 reads lines of up to 32767 bytes and refuses files with longer ones.
_LONGEST_LINE = 30000
_COMPRESSION = 6


def check_labels(segmentation: Segmentation, target: Path) -> None:
    """Refuse a sheared grid, which ITK's direction cosines cannot hold."""
    refuse_shear(segmentation.geometry, target, "MetaImage")


def check_image(image: Image, target: Path) -> None:
    """Refuse a sheared grid, or a voxel type that MetaImage has no name for."""
    refuse_shear(image.geometry, target, "MetaImage")
    refuse_voxel_type(image.array.dtype, target)


def save_labels(segmentation: Segmentation, path: Path) -> None:
    """Write uint8 or uint16 labels to ``path``, which is replaced."""
    voxels = label_voxels(segmentation)
    timed = segmentation.has_time or len(voxels) > 1
    fields = _grid_fields(
        segmentation.geometry, len(voxels) if timed else None, segmentation.frame_seconds
    )
    _write(path, voxels, fields, SegmentationRecord.of(segmentation).model_dump_json())


def save_image(image: Image, path: Path) -> None:
    """Write voxels of their own type to ``path``, which is replaced; time is the last axis."""
    timed = image.has_time or image.frames > 1
    fields = _grid_fields(image.geometry, image.frames if timed else None, image.frame_seconds)
    _write(path, image.array, fields, ImageRecord.of(image).as_json())


def _grid_fields(
    geometry: Geometry, frames: int | None, frame_seconds: float | None
) -> dict[str, str]:
    """Axes and grid. The spacing is left out where it is not known."""
    # A picture in time needs its third axis, or time would be taken for it.
    space = 3 if frames else geometry.dimensions
    count = space + 1 if frames else space
    affine, spacing = np.eye(count), np.ones(count)
    spacing[:space] = geometry.spacing[:space]
    affine[:space, :space] = to_lps(geometry)[:space, :space] / spacing[:space]
    if frame_seconds and frames:
        spacing[-1] = frame_seconds
    origin = np.zeros(count)
    origin[:space] = to_lps(geometry)[:space, 3]
    fields = {
        "ObjectType": "Image",
        "NDims": str(count),
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "True",
        # Rows are the directions of the axes.
        "TransformMatrix": _numbers(affine.T.ravel()),
        "Offset": _numbers(origin),
    }
    if geometry.unit == "mm":
        fields["ElementSpacing"] = _numbers(spacing)
        fields["DistanceUnits"] = "mm"
    fields["DimSize"] = " ".join(map(str, [*geometry.shape[:space], *([frames] if frames else [])]))
    return fields


def _write(path: Path, voxels: NDArray[np.generic], fields: dict[str, str], record: str) -> None:
    if len(record.encode()) < _LONGEST_LINE:
        fields = fields | {KEY: record}
    if voxels.shape[1] > 1:
        fields = fields | {"ElementNumberOfChannels": str(voxels.shape[1])}
    size_name, digits = "CompressedDataSize", 20
    last = {"ElementType": _TYPES[np.dtype(voxels.dtype).str[1:]], "ElementDataFile": "LOCAL"}
    with path.open("wb") as file:
        file.write(_lines(fields))
        file.write(f"{size_name} = ".encode())
        place = file.tell()
        file.write(b"0" * digits + b"\n" + _lines(last))
        begin = file.tell()
        packer = zlib.compressobj(_COMPRESSION)
        for plane in planes(voxels):
            file.write(packer.compress(plane))
        file.write(packer.flush())
        size = file.tell() - begin
        file.seek(place)
        file.write(f"{size:0{digits}d}".encode())


def _lines(fields: dict[str, str]) -> bytes:
    return "".join(f"{name} = {value}\n" for name, value in fields.items()).encode()


def _numbers(values: Iterable[float]) -> str:
    # Adding zero turns -0.0 into 0.0; repr gives back the very same double.
    return " ".join(repr(float(value) + 0.0) for value in values)
