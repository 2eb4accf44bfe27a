"""Reading NIfTI-1 and NIfTI-2 (``.nii``, ``.nii.gz``, and pairs of ``.hdr`` and ``.img``).

``nifti_header`` judges the header; the voxels are decoded as ``raw_block`` does, so that a false
header, a cut-off file or a damaged gzip stream is found before memory is given away.

Axes: dimensions 1 to 3 are i, j, k; the 4th is time; the 5th is channels, as the standard has
it. A volume with channels but without time is therefore (i, j, k, 1, channels).

References:
    https://nifti.nimh.nih.gov/nifti-1/documentation/nifti1fields
"""

from __future__ import annotations

import contextlib
import gzip
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.wording import counted
from omniseg_backend.images.checks import (
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
    read_header,
    scaling,
    shape_and_type,
)
from omniseg_backend.images.nifti_orientation import grid_of
from omniseg_backend.images.raw_block import read_block
from omniseg_backend.images.records import KEY, is_of_labels, refine_geometry, refine_image

#: Code of the header extension that holds plain text, where our record stands.
COMMENT_EXTENSION = 6

_LARGEST_EXTENSION = 1 << 24


class _Contents(NamedTuple):
    """A decoded file: voxels as (time, channel, i, j, k)."""

    array: NDArray[np.generic]
    channel_names: tuple[str, ...]
    geometry: Geometry
    has_time: bool
    frame_seconds: float | None
    record: str | None
    notes: tuple[Flag, ...]


def load_image(path: Path) -> Image:
    """Read a NIfTI file as an image.

    Args:
        path: A ``.nii`` or ``.nii.gz`` file, or the ``.hdr`` of a pair.

    Returns:
        The voxels with the header's slope and intercept applied, on the grid that
        ``nifti_orientation`` chooses, in mm; always a 3-dimensional geometry, also with a
        single slice.

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
        notes=contents.notes,
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
            found=f"{counted(contents.array.shape[1], 'value')} per voxel",
            expected="one label per voxel",
            remedy="pass a segmentation and not a colour or multi-channel image",
        )
    return LabelFile(
        labels=whole_labels(path, contents.array[:, 0]),
        geometry=refine_geometry(contents.geometry, contents.record, path),
        has_time=contents.has_time,
        frame_seconds=contents.frame_seconds,
        record=contents.record,
        notes=contents.notes,
    )


def holds_labels(path: Path) -> bool:
    """Whether the header's extension is the record of a segmentation.

    Raises:
        DataError: The header is damaged.
    """
    pair = path.name.lower().endswith(".hdr")
    with _damaged(path), _open(path) as stream:
        header = read_header(path, stream, pair=pair)
        end = path.stat().st_size if pair else data_offset(path, header, pair=pair)
        return is_of_labels(_read_record(stream, header, end), path)


def _read(path: Path) -> _Contents:
    pair = path.name.lower().endswith(".hdr")
    with _damaged(path), _open(path) as stream:
        header = read_header(path, stream, pair=pair)
        shape, dtype = shape_and_type(path, header)
        offset = data_offset(path, header, pair=pair)
        slope, intercept = scaling(path, header)
        geometry, notes = grid_of(path, header, shape)
        record = _read_record(stream, header, path.stat().st_size if pair else offset)
    if slope is not None:
        refuse_larger_than_memory(path, math.prod(shape) * (dtype.itemsize + 8))
    holder = _voxel_file(path) if pair else path
    compressed = holder.name.lower().endswith(".gz")
    voxels = (
        read_block(holder, shape, dtype, encoding="gzip", skip=offset)
        if compressed
        else read_block(holder, shape, dtype, start=offset)
    )
    planes, names = _channels(path, voxels)
    scaled = _scale(planes, slope, intercept)
    array = scaled.transpose(3, 4, 0, 1, 2)
    has_time = len(shape) == 4 or (len(shape) > 4 and shape[3] > 1)
    seconds = frame_seconds(header) if has_time else None
    return _Contents(array, names, geometry, has_time, seconds, record, notes)


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")


@contextlib.contextmanager
def _damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(
            path,
            found=f"a damaged or cut-off file ({error})",
            expected="a complete NIfTI that can be read to its end",
            remedy="copy or download the file again",
        ) from error


def _voxel_file(header: Path) -> Path:
    """The ``.img`` beside a ``.hdr``.

    Raises:
        DataError: There is none.
    """
    for suffix in (".img", ".img.gz", ".IMG"):
        beside = header.with_name(header.name[: -len(".hdr")] + suffix)
        if beside.is_file():
            return beside
    raise DataError(
        header,
        found="a header without its voxels",
        expected=f"{header.stem}.img beside it",
        remedy="copy both files into one folder",
    )


def _scale(planes: NDArray[Any], slope: float | None, intercept: float) -> NDArray[np.generic]:
    """``planes * slope + intercept``: float32 for voxels of up to 16 bits, else float64."""
    if slope is None:
        native = planes.dtype.newbyteorder("=")
        return planes.astype(np.float64 if native.itemsize > 8 else native, copy=False)
    exact = np.result_type(planes.dtype.newbyteorder("="), np.float32)
    # In place: one copy of the volume is enough.
    precision = np.float64 if exact.itemsize > 4 else np.float32
    scaled: NDArray[Any] = planes.astype(precision)
    with np.errstate(over="ignore", invalid="ignore"):  # refused afterwards as not finite
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
