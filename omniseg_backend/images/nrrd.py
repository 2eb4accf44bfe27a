"""Reading NRRD (``.nrrd``, detached ``.nhdr``, and 3D Slicer's ``.seg.nrrd``).

``nrrd_header`` and ``nrrd_axes`` judge the header; the voxels are decoded here. ITK is not
asked: it refuses axes of time, takes every unit of space as mm, and allocates what a header
declares before it looks at the file's size (measured with SimpleITK 2.5).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.images.channels import opaque_colours, single_labels
from omniseg_backend.images.checks import refuse_non_finite
from omniseg_backend.images.formats import LabelFile
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.nrrd_axes import (
    Role,
    axis_roles,
    channel_names,
    frame_seconds,
    grid_of,
)
from omniseg_backend.images.nrrd_header import NrrdHeader, read_header
from omniseg_backend.images.nrrd_segments import record_of_segments, segment_layers
from omniseg_backend.images.raw_block import partner_file, read_block
from omniseg_backend.images.records import KEY, is_of_labels, refine_geometry, refine_image


class _Contents(NamedTuple):
    """A decoded file: voxels as (time, channel, i, j, k)."""

    array: NDArray[np.generic]
    channel_names: tuple[str, ...]
    geometry: Geometry
    has_time: bool
    frame_seconds: float | None
    header: NrrdHeader
    notes: tuple[Flag, ...]


def load_image(path: Path) -> Image:
    """Read an NRRD file as an image: a picture with two axes of space, a volume with three.

    Raises:
        DataError: The file is damaged, or does not say what its axes are.
        ResourceError: It does not fit into memory.
    """
    contents = _read(path)
    array, names = opaque_colours(path, contents.array, contents.channel_names)
    refuse_non_finite(path, array)
    image = Image(
        array=array,
        geometry=contents.geometry,
        channel_names=names,
        name=path.name,
        has_time=contents.has_time,
        frame_seconds=contents.frame_seconds,
        notes=contents.notes,
    )
    return refine_image(image, contents.header.pairs.get(KEY), path)


def load_labels(path: Path) -> LabelFile:
    """Read an NRRD file as a label map, with the names that 3D Slicer gave its segments.

    Raises:
        DataError: The file is damaged, its segments overlap, or its values are no labels.
        ResourceError: It does not fit into memory.
    """
    contents = _read(path)
    pairs = contents.header.pairs
    layers = segment_layers(pairs)
    if layers > 1:
        raise DataError(
            path,
            found=f"segments that overlap, in {layers} layers",
            expected="one label per voxel",
            remedy="export the segmentation from 3D Slicer as a label map, or separate them",
        )
    labels = single_labels(path, contents.array)
    record = pairs.get(KEY)
    geometry = refine_geometry(contents.geometry, record, path)
    return LabelFile(
        labels=labels,
        geometry=geometry,
        has_time=contents.has_time,
        frame_seconds=contents.frame_seconds,
        record=record or record_of_segments(path, pairs, geometry),
        notes=contents.notes,
    )


def holds_labels(path: Path) -> bool:
    """Whether the header names segments, as 3D Slicer does, or holds a segmentation's record.

    Raises:
        DataError: The header is damaged.
    """
    with path.open("rb") as stream:
        pairs = read_header(path, stream).pairs
    return segment_layers(pairs) > 0 or is_of_labels(pairs.get(KEY), path)


def _read(path: Path) -> _Contents:
    with path.open("rb") as stream:
        header = read_header(path, stream)
    dtype, sizes, roles = header.dtype, header.sizes, axis_roles(header)
    grid = grid_of(header, roles)
    stored = _read_voxels(header, sizes, dtype)
    array = _ordered(stored, roles)
    names = channel_names(header, roles, array.shape[1])
    seconds = frame_seconds(header, roles)
    return _Contents(array, names, grid.geometry, "time" in roles, seconds, header, grid.notes)


def _read_voxels(
    header: NrrdHeader, sizes: tuple[int, ...], dtype: np.dtype[np.generic]
) -> NDArray[np.generic]:
    encoding = header.encoding
    lines, skip = header.integer("line skip", 0), header.integer("byte skip", 0)
    if lines < 0 or skip < (-1 if encoding == "raw" else 0):
        raise header.problem(f"line skip {lines} and byte skip {skip}", "none below zero")
    stated = header.fields.get("data file")
    if stated is None:
        path, start = header.path, header.end
    elif stated.upper().startswith("LIST") or "%" in stated:
        raise DataError(
            header.path,
            found="voxels spread over several files",
            expected="one file of voxels",
            remedy="save it as a single .nrrd",
        )
    else:
        path, start = partner_file(header.path, stated), 0
    if lines:
        start = _after_lines(path, start, lines)
    return read_block(path, sizes, dtype, encoding=encoding, start=start, skip=skip)


def _after_lines(path: Path, start: int, lines: int) -> int:
    with path.open("rb") as stream:
        stream.seek(start)
        for _ in range(lines):
            if not stream.readline():
                break
        return stream.tell()


def _ordered(stored: NDArray[Any], roles: tuple[Role, ...]) -> NDArray[np.generic]:
    """Voxels as (time, channel, i, j, k), from axes in the file's order."""
    space = [axis for axis, role in enumerate(roles) if role == "space"]
    others = [roles.index(role) for role in ("time", "channel") if role in roles]
    full = stored.transpose(*others, *space)
    if "time" not in roles:
        full = full[np.newaxis]
    if "channel" not in roles:
        full = full[:, np.newaxis]
    return full if len(space) == 3 else full[..., np.newaxis]
