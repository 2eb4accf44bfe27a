"""Reading one record: its channel files as one Image, its mask as a Segmentation."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.records import Dataset, Record
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.segmentation import Segmentation

#: Grids agree where no corner voxel lies further apart than this share of the finest spacing.
#: Tools round affines to 32 bits or a few decimals; nothing under a tenth of a voxel moves a label.
GRID_TOLERANCE = 0.1


class ChannelError(DataError):
    """An image has other channels than the rest of its data set."""


def load_record(record: Record, dataset: Dataset) -> tuple[Image, Segmentation]:
    """Read one record.

    Returns:
        The image, array (time, channel, i, j, k) with the data set's channel names, and its
        mask on the very same geometry, labels (time, i, j, k) as in the file: classes have the
        values of ``dataset.classes``, gaps included.

    Raises:
        DataError: A file cannot be read, or the mask holds a value that no class has.
        ChannelError: The image has other channels than the data set's.
        GeometryError: Files that belong together lie on different grids.
    """
    image = load_image(record, dataset)
    return image, load_mask(record, dataset, image)


def load_image(record: Record, dataset: Dataset) -> Image:
    """Read and stack a record's channel files.

    Raises:
        DataError: A file cannot be read.
        ChannelError: The image has other channels than the data set's.
        GeometryError: The channel files lie on different grids.
    """
    images = [read_image(path, modality=dataset.modality) for path in record.image_paths]
    first = images[0]
    for path, image in zip(record.image_paths[1:], images[1:], strict=True):
        require_same_grid(path, image.geometry, record.image_paths[0], first.geometry)
        _require_same_frames(path, image.frames, first.frames)
    array = np.concatenate([image.array for image in images], axis=1) if images[1:] else first.array
    if array.shape[1] != len(dataset.channel_names):
        raise ChannelError(
            record.image_paths[0],
            found=f"{counted(array.shape[1], 'channel')}",
            expected=f"{len(dataset.channel_names)} ({', '.join(dataset.channel_names)})",
            remedy="store every image of the data set with the same channels",
        )
    return dataclasses.replace(
        first, array=array, channel_names=dataset.channel_names, name=record.file
    )


def load_mask(record: Record, dataset: Dataset, image: Image) -> Segmentation:
    """Read a record's mask and put it on the image's geometry.

    Raises:
        DataError: It cannot be read, or holds a value that no class has.
        GeometryError: It lies on another grid than the image.
    """
    mask = read_segmentation(record.label_path, classes=dataset.classes)
    require_same_grid(record.label_path, mask.geometry, record.image_paths[0], image.geometry)
    _require_same_frames(record.label_path, mask.labels.shape[0], image.frames)
    return dataclasses.replace(
        mask, geometry=image.geometry, name=record.file, has_time=image.has_time
    )


def require_same_grid(path: Path, grid: Geometry, other_path: Path, other: Geometry) -> None:
    """Refuse two files that belong together but lie on different grids.

    Where one of the formats holds no spacing, only the shapes are compared.

    Raises:
        GeometryError: Their shapes differ, or their voxels lie apart.
    """
    if grid.shape != other.shape:
        raise GeometryError(
            path,
            found=f"the shape {grid.shape}",
            expected=f"{other.shape}, the shape of {other_path.name}",
            remedy="use files that belong together",
        )
    apart = _largest_distance(grid, other)
    if grid.unit == other.unit == "mm" and apart > GRID_TOLERANCE * min(other.spacing):
        raise GeometryError(
            path,
            found=f"voxels up to {apart:.3g} mm away from those of {other_path.name}",
            expected="the same position, direction and spacing",
            remedy="resample one of them to the other's grid",
        )


def _largest_distance(grid: Geometry, other: Geometry) -> float:
    """The largest distance between voxels of one index; affine, so that a corner has it."""
    i, j, k = (length - 1 for length in grid.shape)
    corners = np.array([(x, y, z, 1) for x in (0, i) for y in (0, j) for z in (0, k)])
    shift = corners @ (grid.affine - other.affine).T
    return float(np.linalg.norm(shift[:, :3], axis=1).max())


def _require_same_frames(path: Path, frames: int, expected: int) -> None:
    if frames != expected:
        raise GeometryError(
            path,
            found=f"{counted(frames, 'time point')}",
            expected=f"{expected}, as in the image",
            remedy="use files that belong together",
        )
