"""From voxel axes to the planes that the network sees, and back, without interpolation."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.images.geometry import Geometry, Unit
from omniseg_backend.images.orientation import AxisTurn, turn_to
from omniseg_backend.preprocessing.settings import Slicing

ScalarT = TypeVar("ScalarT", bound=np.generic)

#: Anatomical direction of columns, rows and slices, as each plane is displayed: axial and
#: coronal with the patient's left on the right-hand side, sagittal looking from the left.
_DISPLAY = {Slicing.AXIAL: "LPS", Slicing.CORONAL: "LIP", Slicing.SAGITTAL: "PIL"}
_PLANE_OF_AXIS = (Slicing.SAGITTAL, Slicing.CORONAL, Slicing.AXIAL)
_AS_STORED = AxisTurn((0, 1, 2), (False, False, False))


@dataclasses.dataclass(frozen=True)
class PlaneLayout:
    """How an image's axes become (slice, row, column).

    Attributes:
        turn: Takes voxel axes (i, j, k) to (column, row, slice).
        geometry: The turned geometry.
    """

    turn: AxisTurn
    geometry: Geometry

    @property
    def planes(self) -> int:
        """Number of planes."""
        return self.geometry.shape[2]

    @property
    def plane_shape(self) -> tuple[int, int]:
        """Rows and columns of a plane."""
        columns, rows, _ = self.geometry.shape
        return rows, columns

    @property
    def plane_spacing(self) -> tuple[float, float]:
        """Distance of rows and of columns, in ``unit``."""
        column, row, _ = self.geometry.spacing
        return row, column

    @property
    def unit(self) -> Unit:
        """``mm`` or ``px``."""
        return self.geometry.unit

    def to_planes(self, array: NDArray[ScalarT]) -> NDArray[ScalarT]:
        """View (..., i, j, k) as (..., slice, row, column)."""
        return np.swapaxes(self.turn.apply(array), -1, -3)

    def from_planes(self, planes: NDArray[ScalarT]) -> NDArray[ScalarT]:
        """View (..., slice, row, column) as (..., i, j, k); undoes ``to_planes`` exactly."""
        return self.turn.inverse().apply(np.swapaxes(planes, -1, -3))


def plane_layout(geometry: Geometry, slicing: Slicing) -> PlaneLayout:
    """The layout in which a task sees an image.

    Args:
        geometry: The image's grid; a picture is taken as it is.
        slicing: The manifest's plane.
    """
    if geometry.dimensions == 2:
        return PlaneLayout(_AS_STORED, geometry)
    plane = slicing
    if slicing is Slicing.NATIVE:
        plane = _PLANE_OF_AXIS[geometry.nearest_axes()[0][2]]
    turn = turn_to(geometry, _DISPLAY[plane])
    return PlaneLayout(turn, turn.apply_to_geometry(geometry))
