"""From label arrays to the scores of a case: a volume, a picture or a stack of slices."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.wording import counted
from omniseg_backend.metrics.masks import Mask, require_spacing
from omniseg_backend.metrics.overlap import Overlap
from omniseg_backend.metrics.scores import (
    CaseScore,
    ClassScore,
    ClassSummary,
    DatasetScore,
    Measure,
    SizeUnit,
    Spread,
    Unit,
)
from omniseg_backend.metrics.summary import summarise
from omniseg_backend.metrics.surface import SurfaceDistances, pool, surface_distances
from omniseg_backend.metrics.volume import VolumeError

__all__ = [
    "CaseScore",
    "ClassScore",
    "ClassSummary",
    "DatasetScore",
    "Measure",
    "Spread",
    "Unit",
    "score_case",
    "score_slices",
    "summarise",
]

Labels = NDArray[np.integer]


@dataclasses.dataclass(frozen=True, eq=False)
class _Part:
    """One grid of a case: a whole volume, a picture or one of its slices."""

    truth: Labels
    prediction: Labels
    spacing: tuple[float, ...]
    voxel_size: float


def score_case(
    truth_labels: Labels,
    predicted_labels: Labels,
    *,
    classes: Sequence[tuple[int, str]],
    spacing: Sequence[float],
    unit: Unit,
    dimensions: Literal[2, 3],
    tolerance: float,
    case: str,
    patient: str,
) -> CaseScore:
    """Score one volume or picture.

    Surfaces are 3D in volumes. They are 2D in pictures and single slices (``k = 1``): across
    an axis of length one every voxel would be a boundary voxel, and HD95 would fall.

    Args:
        truth_labels: Shape (i, j, k), whole numbers; values not in ``classes`` count as
            background.
        predicted_labels: The same shape.
        classes: Value and name of each foreground class.
        spacing: Distance of neighbouring voxels along i, j and k, in ``unit``.
        unit: ``mm`` only where the spacing is real.
        dimensions: 3 for a volume; 2 for a picture, whose k is 1.
        tolerance: What the surface Dice accepts, in ``unit``.
        case: The case's name.
        patient: Whose it is.

    Raises:
        DataError: The shapes differ or fit neither the spacing nor the dimensions.
    """
    part = _part(case, truth_labels, predicted_labels, spacing, dimensions)
    return _score_parts(
        [part], classes, unit, _size_unit(unit, dimensions), tolerance, case, patient
    )


def score_slices(
    truth_labels: Sequence[Labels],
    predicted_labels: Sequence[Labels],
    *,
    classes: Sequence[tuple[int, str]],
    spacings: Sequence[Sequence[float]],
    unit: Unit,
    tolerance: float,
    case: str,
    patient: str,
) -> CaseScore:
    """Score one case whose slices are pictures without a known distance from each other.

    Voxels are counted over the whole stack: Dice, IoU and sizes are those of the stacked
    case, not means over slices. Surface distances never cross from one slice to another: they
    are measured within each slice, collected over all slices, and HD95 and surface Dice are
    taken of the collection. Where a slice holds only one of the two masks, its boundary
    pixels stand at the slice's diagonal.

    Args:
        truth_labels: One array of shape (i, j, 1) per slice; shapes may differ.
        predicted_labels: The same shapes in the same order.
        classes: Value and name of each foreground class.
        spacings: For each slice the spacing along i, j and k, in ``unit``; k is not used.
        unit: ``mm`` only where the spacing is real.
        tolerance: What the surface Dice accepts, in ``unit``.
        case: The case's name.
        patient: Whose it is.

    Raises:
        DataError: No slice, not one prediction and spacing for each truth, or a slice that
            is no picture.
    """
    if not truth_labels or not len(truth_labels) == len(predicted_labels) == len(spacings):
        raise DataError(
            case,
            found=f"{len(truth_labels)} truths, {len(predicted_labels)} predictions and "
            f"{len(spacings)} spacings",
            expected="at least one slice, each with truth, prediction and spacing",
            remedy="complete the case",
        )
    parts = [
        _part(case, truth, prediction, spacing, 2)
        for truth, prediction, spacing in zip(truth_labels, predicted_labels, spacings, strict=True)
    ]
    return _score_parts(parts, classes, unit, _size_unit(unit, 2), tolerance, case, patient)


def _part(
    case: str,
    truth: Labels,
    prediction: Labels,
    spacing: Sequence[float],
    dimensions: Literal[2, 3],
) -> _Part:
    if truth.shape != prediction.shape:
        raise DataError(
            case,
            found=f"a truth of shape {truth.shape} and a prediction of shape {prediction.shape}",
            expected="labels on one grid",
            remedy="use the mask that belongs to this image",
        )
    if truth.ndim != 3 or (dimensions == 2 and truth.shape[2] != 1):
        wanted = "(i, j, 1)" if dimensions == 2 else "(i, j, k)"
        raise DataError(
            case,
            found=f"labels of shape {truth.shape}",
            expected=f"{wanted} for an image with {counted(dimensions, 'dimension')}",
            remedy="score slices of a stack as slices, not as a volume",
        )
    require_spacing(spacing, 3)
    long_axes = [axis for axis in range(3) if truth.shape[axis] > 1] or [0]
    flat_axes = tuple(axis for axis in range(3) if axis not in long_axes)
    return _Part(
        truth.squeeze(flat_axes),
        prediction.squeeze(flat_axes),
        tuple(float(spacing[axis]) for axis in long_axes),
        math.prod(float(step) for step in spacing[:dimensions]),
    )


def _size_unit(unit: Unit, dimensions: Literal[2, 3]) -> SizeUnit:
    if unit == "px":
        return "px"
    return "mm2" if dimensions == 2 else "mm3"


def _score_parts(
    parts: Sequence[_Part],
    classes: Sequence[tuple[int, str]],
    unit: Unit,
    size_unit: SizeUnit,
    tolerance: float,
    case: str,
    patient: str,
) -> CaseScore:
    return CaseScore(
        case=case,
        patient=patient,
        tolerance=Measure(float(tolerance), unit),
        size_unit=size_unit,
        classes=tuple(_score_class(parts, value, name, unit, tolerance) for value, name in classes),
    )


def _score_class(
    parts: Sequence[_Part], value: int, name: str, unit: Unit, tolerance: float
) -> ClassScore:
    overlaps: list[Overlap] = []
    distances: list[SurfaceDistances] = []
    for part in parts:
        truth: Mask = part.truth == value
        prediction: Mask = part.prediction == value
        overlaps.append(Overlap.of(truth, prediction))
        distances.append(surface_distances(truth, prediction, part.spacing))
    overlap = sum(overlaps, Overlap(0, 0, 0))
    surfaces = pool(distances)
    hd95 = surfaces.hausdorff95
    sized = list(zip(overlaps, parts, strict=True))
    return ClassScore(
        name=name,
        outcome=overlap.outcome,
        dice=overlap.dice,
        iou=overlap.iou,
        hd95=None if hd95 is None else Measure(hd95, unit),
        surface_dice=surfaces.surface_dice(tolerance),
        volume_error=VolumeError.of_sizes(
            sum(counted.truth * part.voxel_size for counted, part in sized),
            sum(counted.prediction * part.voxel_size for counted, part in sized),
        ),
    )
