"""Whether a Labels layer lies voxel for voxel where its image lies."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_omniseg.bridge.placement import millimetres
from omniseg_backend.common.errors import DataError, GeometryError

if TYPE_CHECKING:
    from napari_omniseg.bridge.layer_image import LayerSnapshot
    from napari_omniseg.bridge.transforms import LayerTransforms
    from napari_omniseg.models.labels_snapshot import LabelsSnapshot

#: Spacings that differ by more are told as such; a slight turn is told as a distance.
_OTHER_SPACING = 0.01


def require_one_place(labels: LabelsSnapshot, image: LayerSnapshot) -> str:
    """Refuse labels that are no mask of an image: of another size, or elsewhere in the world.

    Voxels of one index may lie apart by a tenth of the image's finest voxel, as in files. Numbers
    are compared as they are where one of the layers states no unit of length: labels that were
    added to a viewer with the image's scale alone lie on it.

    Args:
        labels: The labels.
        image: The image.

    Returns:
        How the image is read so that its axes, but for channels, are those of the labels.

    Raises:
        DataError: The image has other axes, or too many of them.
        GeometryError: Sizes differ, or the labels lie elsewhere.
    """
    axes = _reading(labels, image)
    channel = axes.find("c")
    theirs = image.transforms if channel < 0 else image.transforms.without(channel)
    size = tuple(length for n, length in enumerate(image.shape) if n != channel)
    ours = tuple(int(length) for length in labels.array.shape)
    if ours != size:
        raise GeometryError(
            labels.name,
            found=f"labels of {_by(ours)} pixels",
            expected=f"{_by(size)}, the size of {image.name}",
            remedy="choose the image that these labels belong to, or resample one of them",
        )
    _require_one_grid(labels, image.name, theirs)
    return axes


def _reading(labels: LabelsSnapshot, image: LayerSnapshot) -> str:
    wanted = labels.placement.axes
    readings = [one for one in image.readings() if one.replace("c", "") == wanted]
    if readings:
        return readings[0]
    ours = tuple(int(length) for length in labels.array.shape)
    raise DataError(
        labels.name,
        found=f"labels of {_by(ours)} pixels",
        expected=f"labels of the image {image.name}, which has {_by(image.shape)}",
        remedy="choose the image that these labels belong to",
    )


def _require_one_grid(labels: LabelsSnapshot, name: str, image: LayerTransforms) -> None:
    from omniseg_backend.datasets.loading import GRID_TOLERANCE

    axes, own = labels.placement.axes, labels.transforms
    sizes = [_sizes_in_mm(axes, one) for one in (own, image)]
    in_mm = all(one is not None for one in sizes)
    ours, theirs = (
        _in_space(axes, one, size if in_mm else None)
        for one, size in zip((own, image), sizes, strict=True)
    )
    unit = " mm" if in_mm else ""
    spacing, expected = (np.linalg.norm(one[:-1, :-1], axis=0) for one in (ours, theirs))
    if not np.allclose(spacing, expected, rtol=_OTHER_SPACING, atol=0.0):
        raise GeometryError(
            labels.name,
            found=f"a spacing of {_by(spacing)}{unit}",
            expected=f"{_by(expected)}{unit}, the spacing of {name}",
            remedy="give the labels the image's scale, or resample one of them to the other's grid",
        )
    apart = _largest_distance(tuple(labels.array.shape)[-len(expected) :], ours - theirs)
    if apart > GRID_TOLERANCE * float(expected.min()):
        raise GeometryError(
            labels.name,
            found=f"labels that lie up to {apart:.3g}{unit or ' pixels'} away from {name}",
            expected="the same position, direction and spacing",
            remedy="move the labels onto the image, or resample one of them to the other's grid",
        )
    if "t" in axes and own.units[0] == image.units[0]:
        _require_one_time(labels.name, own.matrix, name, image.matrix, GRID_TOLERANCE)


def _require_one_time(
    labels: str, ours: NDArray[np.float64], image: str, theirs: NDArray[np.float64], part: float
) -> None:
    """Refuse labels of a series that begin at another moment; time is the first axis."""
    late, step = float(ours[0, -1] - theirs[0, -1]), abs(float(theirs[0, 0]))
    if abs(late) > part * step:
        raise GeometryError(
            labels,
            found=f"labels that begin {abs(late) / step:.3g} time points "
            f"{'after' if late > 0 else 'before'} {image}",
            expected="the same time points",
            remedy="move the labels onto the image along the axis of time",
        )


def _sizes_in_mm(axes: str, transforms: LayerTransforms) -> list[float] | None:
    """Millimetres in a unit of each spatial axis; None where one of them is no length."""
    units = [unit for unit, letter in zip(transforms.units, axes, strict=True) if letter in "zyx"]
    found = [size for size in map(millimetres, units) if size is not None]
    return found if len(found) == len(units) else None


def _in_space(
    axes: str, transforms: LayerTransforms, sizes: list[float] | None
) -> NDArray[np.float64]:
    """The rows and columns of space, data to world, times the size of each axis's unit."""
    rows = [*(n for n, letter in enumerate(axes) if letter in "zyx"), len(axes)]
    matrix = transforms.matrix[np.ix_(rows, rows)]
    return matrix if sizes is None else np.diag([*sizes, 1.0]) @ matrix


def _largest_distance(shape: tuple[int, ...], difference: NDArray[np.float64]) -> float:
    """The largest distance between voxels of one index; affine, so that a corner has it."""
    corners = np.array([(*one, 1) for one in itertools.product(*((0, n - 1) for n in shape))])
    return float(np.linalg.norm((corners @ difference.T)[:, :-1], axis=1).max())


def _by(numbers: Iterable[float]) -> str:
    return " x ".join(f"{number:.5g}" for number in numbers)
