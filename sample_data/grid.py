"""Voxel grids of volumes in the patient's space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.images.geometry import Geometry

Vector = NDArray[np.float64]


def centred_grid(
    shape: tuple[int, int, int],
    axes: NDArray[np.float64],
    offset: Sequence[float] | Vector,
    isocentre: Sequence[float] | Vector,
) -> tuple[Geometry, Vector]:
    """A grid around the anatomy, placed where a scanner might put it.

    Args:
        shape: Voxels along i, j and k.
        axes: Columns are the steps along i, j and k in RAS millimetres.
        offset: The grid's centre relative to the anatomy's origin.
        isocentre: World position of the anatomy's origin.

    Returns:
        The geometry, and the world position of the anatomy's origin.
    """
    origin = np.asarray(isocentre, dtype=np.float64).round(1)
    affine = np.eye(4)
    affine[:3, :3] = axes
    middle = axes @ ((np.asarray(shape) - 1) / 2.0)
    affine[:3, 3] = origin + np.asarray(offset) - middle
    return Geometry(shape=shape, affine=affine, unit="mm", dimensions=3), origin


def world_points(geometry: Geometry, origin: Vector) -> tuple[Vector, Vector, Vector]:
    """Dense x, y and z of every voxel relative to ``origin``, in RAS millimetres."""
    i, j, k = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in geometry.shape), indexing="ij")
    rows = [
        geometry.affine[axis, 0] * i
        + geometry.affine[axis, 1] * j
        + geometry.affine[axis, 2] * k
        + (geometry.affine[axis, 3] - origin[axis])
        for axis in range(3)
    ]
    return rows[0], rows[1], rows[2]
