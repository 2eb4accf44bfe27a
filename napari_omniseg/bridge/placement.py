"""Between the place of a layer in napari's world and a Geometry.

napari's world axes are (z, y, x). For volumes they are taken as superior, posterior and left, so
that a slice lies on the screen as radiologists look at it: the front of the body up, its left on
the right. No array is turned for that. With P the reversal of three axes, L = diag(-1, -1, 1, 1)
and M a Geometry's affine (to RAS), a layer's matrix is ``P L M P``. Pictures have no anatomical
directions: ``P M P`` in the plane.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from napari_omniseg.bridge.transforms import LayerTransforms
from omniseg_backend.images.geometry import Geometry

#: Names of the world axes of volumes that we open.
ANATOMICAL_LABELS: tuple[str, ...] = ("S", "P", "L")
PICTURE_LABELS: tuple[str, ...] = ("y", "x")
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
#: World directions by letter: which of R, A, S, and its sign.
_DIRECTIONS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}


@dataclasses.dataclass(frozen=True, eq=False)
class Placement:
    """A layer's axes and transforms, and the geometry that they stand for.

    Attributes:
        axes: See ``axes``.
        transforms: The layer's.
        geometry: Of its spatial axes; (i, j, k) are the array's (x, y, z).
    """

    axes: str
    transforms: LayerTransforms
    geometry: Geometry

    def still_holds(self, transforms: LayerTransforms) -> bool:
        """Whether a layer with these transforms lies where this one did."""
        here, there = self.transforms.matrix, transforms.matrix
        return (
            here.shape == there.shape
            and self.transforms.units == transforms.units
            and bool(np.allclose(here, there, rtol=0.0, atol=1e-9))
        )


def placement_of_layer(axes: str, shape: tuple[int, ...], transforms: LayerTransforms) -> Placement:
    """The geometry that a layer's own transforms say.

    Millimetres only if all spatial axes have a unit of length; anything else is pixels.

    Args:
        axes: A letter per dimension.
        shape: Of the array, without colours.
        transforms: The layer's.

    Raises:
        GeometryError: The transforms collapse an axis.
    """
    spatial = [n for n, letter in enumerate(axes) if letter in "zyx"]
    rows = [*spatial, len(axes)]
    sizes = [millimetres(transforms.units[n]) for n in spatial]
    known = [size for size in sizes if size is not None]
    in_mm = len(known) == len(spatial)
    to_unit = np.diag([*(known if in_mm else [1.0] * len(spatial)), 1.0])
    matrix = to_unit @ transforms.matrix[np.ix_(rows, rows)]
    lengths = [shape[n] for n in spatial]
    if len(spatial) == 2:
        affine = np.eye(4)
        turned = [1, 0, 2]
        affine[np.ix_([0, 1, 3], [0, 1, 3])] = matrix[np.ix_(turned, turned)]
        grid = (lengths[1], lengths[0], 1)
        return Placement(axes, transforms, Geometry(grid, affine, "mm" if in_mm else "px", 2))
    labels = [transforms.axis_labels[n] for n in spatial]
    affine = _to_ras(labels) @ _reverse(matrix)
    grid = (lengths[2], lengths[1], lengths[0])
    return Placement(axes, transforms, Geometry(grid, affine, "mm" if in_mm else "px", 3))


def seconds_between_frames(axes: str, transforms: LayerTransforms) -> float | None:
    """What a layer's time axis says of itself; None without one, or where its unit is no time."""
    axis = axes.find("t")
    second = _size_of(transforms.units[axis], "second") if axis >= 0 else None
    step = None if second is None else abs(float(transforms.matrix[axis, axis])) * second
    return step or None


def millimetres(unit: str) -> float | None:
    """Millimetres in one of a unit; None where it is no length."""
    return _size_of(unit, "millimeter")


def placement_of_geometry(
    geometry: Geometry, *, has_time: bool, has_channels: bool, frame_seconds: float | None
) -> Placement:
    """Where a layer of an image with this geometry is put.

    Args:
        geometry: The image's.
        has_time: Whether the layer's first axis is time.
        has_channels: Whether a further axis, before the spatial ones, is channels.
        frame_seconds: Time between frames where it is known.
    """
    unit = "millimeter" if geometry.unit == "mm" else "pixel"
    axes, labels = "zyx", ANATOMICAL_LABELS
    if geometry.dimensions == 2:
        turned = [1, 0, 3]
        matrix = np.asarray(geometry.affine)[np.ix_(turned, turned)]
        axes, labels = "yx", PICTURE_LABELS
    else:
        matrix = _reverse(_LPS @ geometry.affine)
    units: tuple[str, ...] = (unit,) * len(axes)
    if has_channels:
        matrix, axes = _leading(matrix, 1.0), "c" + axes
        labels, units = ("c", *labels), ("pixel", *units)
    if has_time:
        step = 1.0 if frame_seconds is None else frame_seconds
        time_unit = "pixel" if frame_seconds is None else "second"
        matrix, axes = _leading(matrix, step), "t" + axes
        labels, units = ("t", *labels), (time_unit, *units)
    return Placement(axes, LayerTransforms.of_matrix(matrix, units, labels), geometry)


def _leading(matrix: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """A matrix with one more axis before the others, independent of them."""
    wider = np.eye(len(matrix) + 1)
    wider[0, 0] = step
    wider[1:, 1:] = matrix
    return wider


def _reverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    turned = [2, 1, 0, 3]
    return matrix[np.ix_(turned, turned)]


def _to_ras(labels: list[str]) -> NDArray[np.float64]:
    """From (x, y, z) of napari's world to RAS, by the axes' labels; LPS where they say nothing."""
    named = [_DIRECTIONS.get(label.strip().upper()) for label in reversed(labels)]
    if {direction[0] for direction in named if direction is not None} != {0, 1, 2}:
        return _LPS
    matrix = np.zeros((4, 4))
    matrix[3, 3] = 1.0
    for column, direction in enumerate(named):
        assert direction is not None  # or else the set above would lack one
        matrix[direction[0], column] = direction[1]
    return matrix


def _size_of(unit: str, measure: str) -> float | None:
    """How much of ``measure`` one of a unit is; None where it is of another kind."""
    import pint

    registry = pint.get_application_registry()
    try:
        return float(registry.Quantity(1.0, unit).to(measure).magnitude)
    except (pint.UndefinedUnitError, pint.DimensionalityError):
        return None
