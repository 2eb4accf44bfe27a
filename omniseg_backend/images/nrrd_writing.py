"""Writing NRRD: any grid, sheared ones too, in double precision.

A series in time is written as 3D Slicer writes its sequences. The header's pair ``omniseg``
holds what no field does: class table and provenance, or channel names and modality; the field
``content`` holds the provenance in one line.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.grids import LPS_TO_RAS
from omniseg_backend.images.image import Image
from omniseg_backend.images.nrrd_header import escape
from omniseg_backend.images.raw_writing import label_voxels, planes, refuse_voxel_type
from omniseg_backend.images.records import KEY, ImageRecord, SegmentationRecord
from omniseg_backend.images.segmentation import Segmentation

_TYPES = {
    "i1": "signed char", "u1": "unsigned char", "i2": "short", "u2": "unsigned short",
    "i4": "int", "u4": "unsigned int", "i8": "long long int", "u8": "unsigned long long int",
    "f4": "float", "f8": "double",
}  # fmt: skip
_COMPRESSION = 6


def check_labels(segmentation: Segmentation, target: Path) -> None:
    """Refuse nothing: NRRD holds every segmentation."""


def check_image(image: Image, target: Path) -> None:
    """Refuse a voxel type that NRRD has no name for."""
    refuse_voxel_type(image.array.dtype, target)


def save_labels(segmentation: Segmentation, path: Path) -> None:
    """Write uint8 or uint16 labels to ``path``, which is replaced."""
    record = SegmentationRecord.of(segmentation)
    voxels = label_voxels(segmentation)
    timed = segmentation.has_time or len(voxels) > 1
    fields = _axis_fields(segmentation.geometry, voxels, colours=False, timed=timed)
    pairs = {KEY: record.model_dump_json()}
    if timed:
        pairs |= _points_in_time(fields, len(voxels), segmentation.frame_seconds)
    write(path, voxels, fields | content_field(record), pairs)


def save_image(image: Image, path: Path) -> None:
    """Write voxels of their own type to ``path``, which is replaced."""
    timed = image.has_time or image.frames > 1
    colours = image.channel_names == ("R", "G", "B")
    fields = _axis_fields(image.geometry, image.array, colours=colours, timed=timed)
    record = ImageRecord.of(image)
    fields |= content_field(record)
    pairs = {KEY: record.as_json()}
    if timed:
        pairs |= _points_in_time(fields, image.frames, image.frame_seconds)
    write(path, image.array, fields, pairs)


def write(
    path: Path,
    voxels: NDArray[np.generic],
    fields: Mapping[str, str],
    pairs: Mapping[str, str],
) -> None:
    """Write a header and its voxels, compressed.

    Args:
        path: Replaced.
        voxels: Shape (time, channel, i, j, k).
        fields: Those that describe the axes, in an order that NRRD allows.
        pairs: Key/value pairs.
    """
    first = {"type": _TYPES[np.dtype(voxels.dtype).str[1:]]}
    last = {"endian": "little", "encoding": "gzip"}
    lines = [f"{name}: {value}" for name, value in (first | dict(fields) | last).items()]
    lines += [f"{name}:={escape(value)}" for name, value in pairs.items()]
    with path.open("wb") as file:
        file.write("\n".join(["NRRD0005", *lines, "", ""]).encode())
        # No name and no time in the gzip header: equal content gives equal bytes.
        with gzip.GzipFile("", "wb", _COMPRESSION, file, mtime=0) as stream:
            for plane in planes(voxels):
                stream.write(plane)


def content_field(record: SegmentationRecord | ImageRecord) -> dict[str, str]:
    """The provenance in one line, where there is any."""
    return {"content": " ".join(record.description.split())} if record.description else {}


def volume_fields(shape: Iterable[int], steps: NDArray[np.float64]) -> dict[str, str]:
    """The fields of a volume without time and channels.

    Args:
        shape: Lengths of i, j and k.
        steps: Shape (4, 4), the affine to LPS.
    """
    return {
        "dimension": "3",
        "space": "left-posterior-superior",
        "sizes": " ".join(map(str, shape)),
        "space directions": " ".join(map(_vector, steps[:3, :3].T)),
        "kinds": "domain domain domain",
        "space origin": _vector(steps[:3, 3]),
    }


def to_lps(geometry: Geometry) -> NDArray[np.float64]:
    """The affine to LPS; a picture's axes have no anatomy and stay as they are."""
    affine = geometry.affine.copy()
    if geometry.dimensions == 3:
        affine[:3] = LPS_TO_RAS @ affine[:3]
    return affine


def _axis_fields(
    geometry: Geometry, voxels: NDArray[np.generic], *, colours: bool, timed: bool
) -> dict[str, str]:
    """Channels first, then space, then time; axes that the image lacks are left out."""
    frames, channels = voxels.shape[:2]
    space = geometry.dimensions
    lead = [channels] if channels > 1 else []
    tail = [frames] if timed else []
    sizes = [*lead, *geometry.shape[:space], *tail]
    kinds = [
        *(["RGB-color" if colours else "list"] if lead else []),
        *["domain"] * space,
        *(["list"] if tail else []),
    ]
    fields = {"dimension": str(len(sizes))}
    if space == 3 and geometry.unit == "mm":
        fields["space"] = "left-posterior-superior"
    elif geometry.unit == "mm":
        fields |= {"space dimension": "2", "space units": '"mm" "mm"'}
    fields["sizes"] = " ".join(map(str, sizes))
    if geometry.unit == "mm":  # else NRRD, too, states no spacing
        affine = to_lps(geometry)
        vectors = [_vector(affine[:space, axis]) for axis in range(space)]
        absent = (["none"] * len(lead), ["none"] * len(tail))
        fields["space directions"] = " ".join([*absent[0], *vectors, *absent[1]])
        fields["space origin"] = _vector(affine[:space, 3])
    fields["kinds"] = " ".join(kinds)
    return fields


def _points_in_time(
    fields: dict[str, str], frames: int, frame_seconds: float | None
) -> dict[str, str]:
    """Name the last axis in ``fields``; the pairs that 3D Slicer's sequences have."""
    before = int(fields["dimension"]) - 1
    fields["labels"] = " ".join(['""'] * before + ['"time"'])
    if frame_seconds:
        fields["units"] = " ".join(['""'] * before + ['"s"'])
    points = (repr(frame * (frame_seconds or 1.0)) for frame in range(frames))
    return {
        "DataNodeClassName": "vtkMRMLScalarVolumeNode",
        f"axis {before} index type": "numeric",
        f"axis {before} index values": " ".join(points),
    }


def _vector(numbers: Iterable[float]) -> str:
    # Adding zero turns -0.0 into 0.0; repr gives back the very same double.
    return f"({','.join(repr(float(number) + 0.0) for number in numbers)})"
