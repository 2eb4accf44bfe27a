"""Reading MetaImage (``.mha``, and ``.mhd`` with its file of voxels).

``metaimage_header`` judges the header; the voxels are decoded here, for the reasons that
``raw_block`` gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.images.channels import single_labels
from omniseg_backend.images.checks import refuse_non_finite
from omniseg_backend.images.formats import LabelFile
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.metaimage_header import MetaHeader, grid_of, read_header
from omniseg_backend.images.raw_block import partner_file, read_block
from omniseg_backend.images.records import KEY, is_of_labels, refine_geometry, refine_image


class _Contents(NamedTuple):
    """A decoded file: voxels as (time, channel, i, j, k)."""

    array: NDArray[np.generic]
    geometry: Geometry
    record: str | None
    has_time: bool
    notes: tuple[Flag, ...]


def load_image(path: Path) -> Image:
    """Read a MetaImage file: a picture of two axes, a volume of three, a series of four.

    Raises:
        DataError: The file is damaged, or holds what an image cannot.
        ResourceError: It does not fit into memory.
    """
    contents = _read(path)
    refuse_non_finite(path, contents.array)
    channels = contents.array.shape[1]
    names = ("intensity",) if channels == 1 else tuple(f"channel {n}" for n in range(channels))
    if channels == 3 and contents.geometry.dimensions == 2:
        names = ("R", "G", "B")
    image = Image(
        array=contents.array,
        geometry=contents.geometry,
        channel_names=names,
        name=path.name,
        has_time=contents.has_time,
        notes=contents.notes,
    )
    return refine_image(image, contents.record, path)


def load_labels(path: Path) -> LabelFile:
    """Read a MetaImage file as a label map.

    Raises:
        DataError: The file is damaged, has several channels or values that are no labels.
        ResourceError: It does not fit into memory.
    """
    contents = _read(path)
    return LabelFile(
        labels=single_labels(path, contents.array),
        geometry=refine_geometry(contents.geometry, contents.record, path),
        has_time=contents.has_time,
        record=contents.record,
        notes=contents.notes,
    )


def holds_labels(path: Path) -> bool:
    """Whether a field of the header is the record of a segmentation.

    Raises:
        DataError: The header is damaged.
    """
    with path.open("rb") as stream:
        return is_of_labels(read_header(path, stream).fields.get(KEY), path)


def _read(path: Path) -> _Contents:
    with path.open("rb") as stream:
        header = read_header(path, stream)
    dtype, sizes, channels = header.dtype, header.sizes, header.channels
    geometry, notes = grid_of(header)
    holder, start, skip = _place(header)
    compressed = header.is_true("CompressedData", default=False)
    stored = read_block(
        holder,
        (channels, *sizes, *(1,) * (4 - len(sizes))),
        dtype,
        encoding="zlib" if compressed else "raw",
        start=start,
        skip=skip,
    )
    array = stored.transpose(4, 0, 1, 2, 3)
    return _Contents(array, geometry, header.fields.get(KEY), len(sizes) == 4, notes)


def _place(header: MetaHeader) -> tuple[Path, int, int]:
    """The file of the voxels, the byte at which they begin, and -1 where they end the file."""
    stated = header.fields["ElementDataFile"]
    if stated.upper() == "LOCAL":
        return header.path, header.end, 0
    if stated.upper().startswith("LIST") or "%" in stated:
        raise DataError(
            header.path,
            found="voxels spread over several files",
            expected="one file of voxels",
            remedy="save it as a single .mha",
        )
    leading = header.integer("HeaderSize")
    return partner_file(header.path, stated), max(leading, 0), -1 if leading == -1 else 0
