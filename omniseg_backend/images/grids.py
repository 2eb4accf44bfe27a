"""Making a Geometry of what a file's header states, with the file's name in every refusal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from omniseg_backend.common.errors import GeometryError
from omniseg_backend.common.flags import Flag
from omniseg_backend.images.geometry import Geometry, Unit

#: Between the patient's left, posterior, superior (ITK, NRRD, MetaImage) and RAS, both ways.
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])

#: Direction cosines that depart from right angles by more are a shear. Headers written in
#: single precision are orthogonal to about 1e-7.
_SHEAR = 1e-5


def volume_grid(
    path: Path, shape: Sequence[int], axes: ArrayLike, origin: ArrayLike, unit: Unit = "mm"
) -> Geometry:
    """The grid of a volume.

    Args:
        path: The file, for messages.
        shape: Lengths of i, j and k.
        axes: Shape (3, 3); column n is the step along axis n, in RAS.
        origin: The centre of the first voxel, in RAS.
        unit: Whether lengths are real.

    Raises:
        GeometryError: That is no grid in space.
    """
    return _grid(path, (shape[0], shape[1], shape[2]), axes, origin, unit, 3)


def picture_grid(
    path: Path, shape: Sequence[int], axes: NDArray[np.float64], origin: ArrayLike, *, stated: bool
) -> Geometry:
    """The grid of a picture, which has no anatomical axes: nothing is turned.

    Where no unit is stated, spacings of exactly 1 mean that none is known: programs that
    convert photographs write them.

    Args:
        path: The file, for messages.
        shape: Number of columns and of rows.
        axes: Shape (2, 2); column n is the step along axis n.
        origin: The centre of the first pixel.
        stated: Whether the file states a unit of length.

    Raises:
        GeometryError: That is no grid.
    """
    steps, first = np.eye(3), np.zeros(3)
    steps[:2, :2], first[:2] = axes, origin
    known = stated or not np.array_equal(axes, np.eye(2))
    return _grid(path, (shape[0], shape[1], 1), steps, first, "mm" if known else "px", 2)


def _grid(
    path: Path,
    shape: tuple[int, int, int],
    axes: ArrayLike,
    origin: ArrayLike,
    unit: Unit,
    dimensions: Literal[2, 3],
) -> Geometry:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes, origin
    try:
        return Geometry(shape, affine, unit, dimensions)
    except GeometryError as error:
        raise GeometryError(
            path, found=error.found, expected=error.expected, remedy=error.remedy
        ) from error


def unstated_orientation(found: str) -> Flag:
    """The remark on a volume whose spacing alone is known.

    Args:
        found: What the file says instead, as a sentence's beginning.
    """
    return Flag(
        "orientation_unstated",
        f"{found}: i, j and k are taken to run to the patient's left, posterior and superior, "
        "as ITK and 3D Slicer take them; sides may be swapped.",
    )


def is_sheared(geometry: Geometry) -> bool:
    """Whether the axes are not at right angles to each other."""
    cosines = geometry.affine[:3, :3] / np.linalg.norm(geometry.affine[:3, :3], axis=0)
    return bool(np.abs(cosines.T @ cosines - np.eye(3)).max() > _SHEAR)


def refuse_shear(geometry: Geometry, target: Path, format_name: str) -> None:
    """Refuse a grid for a format that holds only axes at right angles.

    Raises:
        GeometryError: The grid is sheared, as CT with a tilted gantry is.
    """
    if is_sheared(geometry):
        raise GeometryError(
            target,
            found="a sheared grid, whose axes are not at right angles (a tilted gantry?)",
            expected=f"right angles, all that {format_name} holds",
            remedy="write .nrrd or .nii.gz, which keep the shear, or resample the image first",
        )
