"""On which grid the frames of a DICOM segmentation lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import GeometryError
from omniseg_backend.images.geometry import Geometry

#: How far a frame may lie off its place, as a share of the distance of slices: as far as the
#: reader of images accepts uneven slices, and their positions' rounding.
UNEVENNESS = 0.11


def grid_of(
    affines: list[NDArray[np.float64]],
    in_plane: tuple[int, int],
    stated: float,
    path: Path,
) -> Geometry:
    """The grid through all frames' planes, its third axis along their normal.

    Args:
        affines: Of the frames, as ``plane_affine`` gives them.
        in_plane: Columns and rows.
        stated: Distance of slices in mm, as the file says; frames may leave slices out.
        path: For messages.

    Raises:
        GeometryError: The frames are not parallel, or lie nowhere.
    """
    steps = affines[0][:, :2]
    # RAS is LPS turned by 180 degrees about z, so the normal keeps its sense.
    normal = np.cross(steps[:, 0], steps[:, 1])
    length = np.linalg.norm(normal)
    if not np.isfinite(affines).all() or not length:
        raise irregular(path, "positions or orientations that are no numbers or zero")
    if any(not np.allclose(affine[:, :2], steps, rtol=0, atol=1e-3) for affine in affines):
        raise irregular(path, "frames of several orientations or pixel spacings")
    normal /= length
    heights = np.array([affine[:, 2] @ normal for affine in affines])
    order = np.argsort(heights)
    first, last = affines[order[0]][:, 2], affines[order[-1]][:, 2]
    reach = heights[order[-1]] - heights[order[0]]
    gaps = np.diff(heights[order])
    gaps = gaps[gaps > 1e-3]
    if not len(gaps):
        return _geometry(steps, normal * stated, first, (*in_plane, 1))
    count = int(np.rint(reach / _distance(gaps, stated)))
    return _geometry(steps, (last - first) / count, first, (*in_plane, count + 1))


def slice_of(affine: NDArray[np.float64], grid: Geometry) -> int | None:
    """Which slice of a grid a frame is; None where it lies on none, or beside it."""
    inverse = np.linalg.inv(grid.affine)
    index = inverse[:3, :3] @ affine[:, 2] + inverse[:3, 3]
    steps = inverse[:3, :3] @ affine[:, :2]
    k = int(np.rint(index[2]))
    aligned = np.allclose(steps, np.eye(3)[:, :2], rtol=0, atol=1e-3)
    off = np.linalg.norm(grid.affine[:3, :3] @ (index - (0, 0, k)))
    placed = off <= UNEVENNESS * grid.spacing[2]
    return k if aligned and placed and 0 <= k < grid.shape[2] else None


def irregular(path: Path, found: str) -> GeometryError:
    """The error for frames that are no regular volume."""
    return GeometryError(
        path,
        found=found,
        expected="parallel frames at equal distances",
        remedy="resample the segmentation onto its image in the program that made it",
    )


def _distance(gaps: NDArray[np.float64], stated: float) -> float:
    """The distance of slices: the stated one where all gaps are multiples of it."""
    multiples = gaps / stated
    fits = np.rint(multiples).min() >= 1 and np.abs(multiples - np.rint(multiples)).max() < 0.05
    return stated if fits else float(gaps.min())


def _geometry(
    steps: NDArray[np.float64],
    along: NDArray[np.float64],
    origin: NDArray[np.float64],
    shape: tuple[int, int, int],
) -> Geometry:
    affine = np.eye(4)
    affine[:3] = np.column_stack([steps, along, origin])
    return Geometry(shape, affine, "mm", 3)
