"""Where the voxels of an image lie."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import GeometryError

Unit = Literal["mm", "px"]

#: Anatomical letters of the positive and negative direction of each RAS world axis.
_LETTERS = (("R", "L"), ("A", "P"), ("S", "I"))


@dataclasses.dataclass(frozen=True, eq=False)
class Geometry:
    """A regular grid of voxels in space.

    Attributes:
        shape: Voxels along (i, j, k). A picture has ``k = 1``.
        affine: 4 x 4, float64; takes a voxel's index (i, j, k, 1) to the world point of its
            centre. World axes point to the patient's right, anterior and superior (RAS).
        unit: ``mm`` where the spacing is real, ``px`` where the file states none. Nothing
            measured on a ``px`` geometry may be called millimetres.
        dimensions: 3 for a volume, 2 for a picture: a picture is never reoriented.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    unit: Unit
    dimensions: Literal[2, 3]

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        shape = tuple(int(length) for length in self.shape)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise GeometryError(
                "geometry",
                found=f"an affine of shape {affine.shape} with finite={np.isfinite(affine).all()}",
                expected="4 x 4 finite numbers",
                remedy="correct the image's header",
            )
        spacing = np.linalg.norm(affine[:3, :3], axis=0)
        # Relative to the spacing: a microscope's voxel of 0.1 um has a determinant of 1e-12.
        if abs(np.linalg.det(affine[:3, :3])) <= 1e-6 * np.prod(spacing):
            raise GeometryError(
                "geometry",
                found="an affine that collapses an axis",
                expected="three independent axes with spacing above zero",
                remedy="correct the image's header",
            )
        if len(shape) != 3 or min(shape) < 1:
            raise GeometryError(
                "geometry",
                found=f"the shape {shape}",
                expected="three lengths of at least 1",
                remedy="check that the file holds an image",
            )
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", shape)

    @classmethod
    def of_picture(
        cls, width: int, height: int, spacing: tuple[float, float] | None = None
    ) -> Geometry:
        """Geometry of a 2D picture: i runs along its columns, j down its rows.

        Args:
            width: Number of columns.
            height: Number of rows.
            spacing: Distance of columns and of rows in mm, or None where it is unknown.
        """
        along, down = spacing or (1.0, 1.0)
        return cls(
            shape=(width, height, 1),
            affine=np.diag([along, down, 1.0, 1.0]),
            unit="mm" if spacing else "px",
            dimensions=2,
        )

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance of neighbouring voxels along i, j and k, in ``unit``."""
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return (float(lengths[0]), float(lengths[1]), float(lengths[2]))

    @property
    def extent(self) -> tuple[float, float, float]:
        """Length of the grid along i, j and k, in ``unit``."""
        a, b, c = (n * s for n, s in zip(self.shape, self.spacing, strict=True))
        return (a, b, c)

    @property
    def voxel_size(self) -> float:
        """Area (2D) or volume (3D) of one voxel, in ``unit`` to the power of ``dimensions``."""
        if self.dimensions == 2:
            return float(self.spacing[0] * self.spacing[1])
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def orientation(self) -> str:
        """Three letters: the anatomical direction that i, j and k point to, such as ``RAS``.

        Oblique axes are named after the nearest anatomical direction; each direction is
        given to one axis only.
        """
        axes, signs = self.nearest_axes()
        return "".join(
            _LETTERS[axis][0 if sign > 0 else 1] for axis, sign in zip(axes, signs, strict=True)
        )

    def nearest_axes(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """For i, j, k: the nearest world axis (0 R, 1 A, 2 S), and +1 or -1 along it.

        The assignment is greedy from the largest direction cosine down, so that it is one to
        one for oblique grids too.
        """
        cosines = self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0)
        left = np.abs(cosines)
        axes, signs = [0, 0, 0], [1, 1, 1]
        for _ in range(3):
            world, voxel = np.unravel_index(int(np.argmax(left)), left.shape)
            axes[voxel] = int(world)
            signs[voxel] = 1 if cosines[world, voxel] >= 0 else -1
            left[world, :] = -1.0
            left[:, voxel] = -1.0
        return (axes[0], axes[1], axes[2]), (signs[0], signs[1], signs[2])

    def is_close(self, other: Geometry, tolerance: float = 1e-6) -> bool:
        """Whether both describe one grid: same shape and unit, affines within ``tolerance``."""
        return (
            self.shape == other.shape
            and self.unit == other.unit
            and bool(np.allclose(self.affine, other.affine, rtol=0.0, atol=tolerance))
        )
