"""Signed distances of simple shapes (negative inside) and their partial-volume coverage."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Field = NDArray[np.float64]
Numbers = Sequence[float] | NDArray[np.float64]


def ellipsoid(
    points: Sequence[Field],
    centre: Numbers,
    radii: Numbers,
    turn: Numbers | float | None = None,
) -> Field:
    """Approximate signed distance to an ellipse or ellipsoid, exact to first order at its rim.

    Args:
        points: One coordinate array per axis (2 or 3).
        centre: Its centre, in the coordinates' unit.
        radii: Its semi-axes; infinite for an axis along which it never ends.
        turn: In 2D an angle, in 3D extrinsic x, y, z angles; degrees.
    """
    local = turned([p - c for p, c in zip(points, centre, strict=True)], turn)
    scaled = np.zeros(points[0].shape)
    slope = np.zeros(points[0].shape)
    for along, radius in zip(local, radii, strict=True):
        if np.isinf(radius):
            continue
        square = np.square(along / radius)
        scaled += square
        slope += square / radius**2
    norm = np.sqrt(scaled)
    # k0 (k0 - 1) / k1 of the usual first-order bound; at the very centre k0 / k1 is 0 / 0.
    steepness = np.sqrt(slope)
    centre_depth = float(min(radii))
    ratio = np.divide(norm, steepness, out=np.full_like(norm, centre_depth), where=steepness > 1e-9)
    return ratio * (norm - 1.0)


def turned(points: Sequence[Field], turn: Numbers | float | None) -> list[Field]:
    """Coordinates in a frame that was turned by ``turn`` (see :func:`ellipsoid`)."""
    if turn is None:
        return list(points)
    if len(points) == 2:
        angle = np.deg2rad(float(turn))  # type: ignore[arg-type]
        cosine, sine = np.cos(angle), np.sin(angle)
        return [cosine * points[0] + sine * points[1], cosine * points[1] - sine * points[0]]
    matrix = Rotation.from_euler("xyz", turn, degrees=True).as_matrix().T
    first, second, third = points
    return [row[0] * first + row[1] * second + row[2] * third for row in matrix]


def tube(points: Sequence[Field], path: NDArray[np.float64], radius: float) -> Field:
    """Signed distance to a polyline of some thickness.

    Args:
        points: One coordinate array per axis.
        path: Shape (corners, axes).
        radius: Half its thickness.
    """
    nearest = np.full(points[0].shape, np.inf)
    for start, end in itertools.pairwise(path):
        along = end - start
        offset = [p - s for p, s in zip(points, start, strict=True)]
        share = np.zeros(points[0].shape)
        for o, a in zip(offset, along / max(float(along @ along), 1e-12), strict=True):
            share += o * a
        np.clip(share, 0.0, 1.0, out=share)
        squared = np.zeros(points[0].shape)
        for o, a in zip(offset, along, strict=True):
            squared += np.square(o - share * a)
        np.minimum(nearest, squared, out=nearest)
    return np.sqrt(nearest) - radius


def blend(first: Field, second: Field, width: float) -> Field:
    """Union of two shapes whose seam is rounded over ``width``."""
    share = np.clip(0.5 + 0.5 * (second - first) / width, 0.0, 1.0)
    return second + share * (first - second) - width * share * (1.0 - share)


def coverage(distance: Field, width: float) -> Field:
    """Share of each voxel that a shape fills, 0 to 1; ``width`` is the voxel's size."""
    return np.clip(0.5 - distance / width, 0.0, 1.0)
