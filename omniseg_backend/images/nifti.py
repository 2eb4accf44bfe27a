"""Reading NIfTI-1 and NIfTI-2 (``.nii``, ``.nii.gz``).

``nifti_header`` judges the header; the voxels are decoded here, so that a false header, a cut-off
file or a damaged gzip stream is found before memory is given away, and gzip's checksum is
compared to the end.

Axes: dimensions 1 to 3 are i, j, k; the 4th is time; the 5th is channels, as the standard has
it. A volume with channels but without time is therefore (i, j, k, 1, channels).

References:
    https://nifti.nimh.nih.gov/nifti-1/documentation/nifti1fields
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.checks import (
    DEFLATE_LIMIT,
    refuse_cut_off,
    refuse_larger_than_memory,
    refuse_non_finite,
    whole_labels,
)
from omniseg_backend.images.formats import LabelFile
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.nifti_header import (
    Header,
    data_offset,
    frame_seconds,
    geometry_of,
    read_header,
    scaling,
    shape_and_type,
)
from omniseg_backend.images.records import KEY, refine_geometry, refine_image

#: Code of the header extension that holds plain text, where our record stands.
COMMENT_EXTENSION = 6

_CHUNK = 1 << 20
_LARGEST_EXTENSION = 1 << 24


class _Contents(NamedTuple):
    """A decoded file: voxels as (time, channel, i, j, k)."""

    array: NDArray[np.generic]
    channel_names: tuple[str, ...]
    geometry: Geometry
    has_time: bool
    frame_seconds: float | None
    record: str | None


def load_image(path: Path) -> Image:
    """Read a NIfTI file as an image.

    Args:
        path: A ``.nii`` or ``.nii.gz`` file.

    Returns:
        The voxels with the header's slope and intercept applied, on nibabel's best affine in
        mm; always a 3-dimensional geometry, also with a single slice.

    Raises:
        DataError: The file is damaged, or holds what an image cannot.
        ResourceError: It does not fit into memory.
    """
    contents = _read(path)
    refuse_non_finite(path, contents.array)
    image = Image(
        array=contents.array,
        geometry=contents.geometry,
        channel_names=contents.channel_names,
        name=path.name,
        has_time=contents.has_time,
        frame_seconds=contents.frame_seconds,
    )
    return refine_image(image, contents.record, path)


def load_labels(path: Path) -> LabelFile:
    """Read a NIfTI file as a label map.

    Raises:
        DataError: The file is damaged, has several channels or values that are no labels.
        ResourceError: It does not fit into memory.
    """
    contents = _read(path)
    if contents.array.shape[1] != 1:
        raise DataError(
            path,
            found=f"{contents.array.shape[1]} values per voxel",
            expected="one label per voxel",
            remedy="pass a segmentation and not a colour or multi-channel image",
        )
    return LabelFile(
        labels=whole_labels(path, contents.array[:, 0]),
        geometry=refine_geometry(contents.geometry, contents.record, path),
        has_time=contents.has_time,
        frame_seconds=contents.frame_seconds,
        record=contents.record,
    )


def _read(path: Path) -> _Contents:
    compressed = path.name.lower().endswith(".gz")
    capacity = path.stat().st_size * (DEFLATE_LIMIT if compressed else 1)
    try:
        with _open(path, compressed=compressed) as stream:
            header = read_header(path, stream)
            shape, dtype = shape_and_type(path, header)
            offset = data_offset(path, header)
            size = math.prod(shape) * dtype.itemsize
            refuse_cut_off(path, found_bytes=capacity, expected_bytes=offset + size)
            slope, intercept = scaling(path, header)
            decoded = size if slope is None else math.prod(shape) * 8
            refuse_larger_than_memory(path, size + decoded)
            geometry = geometry_of(path, header, shape)
            record = _read_record(stream, header, offset)
            stream.seek(offset)
            raw = _read_voxels(path, stream, size)
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(
            path,
            found=f"a damaged or cut-off file ({error})",
            expected="a complete NIfTI that can be read to its end",
            remedy="copy or download the file again",
        ) from error
    voxels = raw.view(dtype).reshape(shape, order="F")
    planes, names = _channels(path, voxels)
    scaled = _scale(planes, slope, intercept)
    array = scaled.transpose(3, 4, 0, 1, 2)
    has_time = len(shape) == 4 or (len(shape) > 4 and shape[3] > 1)
    seconds = frame_seconds(header) if has_time else None
    return _Contents(array, names, geometry, has_time, seconds, record)


def _open(path: Path, *, compressed: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if compressed else path.open("rb")


def _scale(planes: NDArray[Any], slope: float | None, intercept: float) -> NDArray[np.generic]:
    """``planes * slope + intercept``: float32 for voxels of up to 16 bits, else float64."""
    if slope is None:
        native = planes.dtype.newbyteorder("=")
        return planes.astype(np.float64 if native.itemsize > 8 else native, copy=False)
    exact = np.result_type(planes.dtype.newbyteorder("="), np.float32)
    # In place: one copy of the volume is enough.
    precision = np.float64 if exact.itemsize > 4 else np.float32
    scaled: NDArray[Any] = planes.astype(precision)
    scaled *= slope
    scaled += intercept
    return scaled


def _read_record(stream: BinaryIO, header: Header, offset: int) -> str | None:
    """The text of our header extension, if there is one."""
    start = header.sizeof_hdr
    if not 4 + 8 <= offset - start <= _LARGEST_EXTENSION:
        return None
    stream.seek(start)
    block = stream.read(offset - start)
    order: Literal["little", "big"] = "little" if header.endianness == "<" else "big"
    position = 4
    while block[:1] != b"\0" and position + 8 <= len(block):
        size = int.from_bytes(block[position : position + 4], order)
        code = int.from_bytes(block[position + 4 : position + 8], order)
        if size < 8 or position + size > len(block):
            return None
        content = block[position + 8 : position + size].rstrip(b"\0 ")
        if code == COMMENT_EXTENSION and f'"{KEY}.'.encode() in content:
            return content.decode("utf-8", errors="replace")
        position += size
    return None


def _read_voxels(path: Path, stream: BinaryIO, size: int) -> NDArray[np.uint8]:
    voxels = np.empty(size, dtype=np.uint8)
    done = 0
    while chunk := stream.read(min(_CHUNK, size - done)):
        voxels[done : done + len(chunk)] = np.frombuffer(chunk, dtype=np.uint8)
        done += len(chunk)
    refuse_cut_off(path, found_bytes=done, expected_bytes=size)
    if path.name.lower().endswith(".gz"):
        # gzip compares its checksum only when the end is met.
        while stream.read(_CHUNK):
            continue
    return voxels


def _channels(path: Path, voxels: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Voxels as (i, j, k, time, channel), with a name per channel."""
    full: NDArray[Any] = voxels.reshape(voxels.shape + (1,) * (5 - voxels.ndim), order="F")
    channels: int = full.shape[-1]
    if voxels.dtype.names is None:
        if channels == 1:
            return full, ("intensity",)
        return full, tuple(f"channel {index}" for index in range(channels))
    if channels != 1 or (voxels.dtype.names[3:] and np.any(full["A"] != 255)):
        raise DataError(
            path,
            found="colours together with further channels or transparency",
            expected="opaque RGB colours, or channels of real numbers",
            remedy="export the image as RGB without transparency",
        )
    return np.concatenate([full[name] for name in "RGB"], axis=4), ("R", "G", "B")
