"""Distances between the surfaces of two masks: HD95 and normalised surface Dice.

The surface of a mask is its boundary voxels: those with at least one face neighbour (4 in
2D, 6 in 3D) outside the mask; what lies beyond the image counts as outside. A distance runs
from the centre of a boundary voxel of one mask to the centre of the nearest boundary voxel
of the other, with the spacing of each axis.

- MONAI (``use_subvoxels=False``, its default) uses this same surface; the numbers agree.
- DeepMind's ``surface-distance`` (Nikolov et al. 2018, arXiv:1809.04430) runs marching cubes
  between voxel centres and weights each surface element by its area. Here each boundary
  voxel counts once, so on anisotropic grids faces with large voxel sides weigh less than
  there. It also answers infinity where one mask is empty; here the image's diagonal stands.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from omniseg_backend.common.errors import DataError
from omniseg_backend.metrics.masks import Mask, require_pair, require_spacing

Distances = NDArray[np.float64]

#: Spacings come from headers in single precision: 3 voxels of 0.1 mm must still lie within a
#: tolerance of 0.3 mm.
_RELATIVE_SLACK = 1e-6

#: How far the k-d tree looks, in the smallest voxel side.
_REACH_IN_VOXELS = 10.0


@dataclasses.dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Distances between two surfaces, both ways, in the spacing's unit.

    Attributes:
        from_truth: For each boundary voxel of the truth, the distance to the prediction's
            surface; infinite where the image holds no such surface.
        from_prediction: The same the other way round.
        diagonal: Length of the image's diagonal; it stands for an infinite distance.
    """

    from_truth: Distances
    from_prediction: Distances
    diagonal: float

    @property
    def hausdorff95(self) -> float | None:
        """The larger of the two directed 95th percentiles; None without any surface."""
        directed = [
            float(np.percentile(np.minimum(distances, self.diagonal), 95.0))
            for distances in (self.from_truth, self.from_prediction)
            if distances.size
        ]
        return max(directed, default=None)

    def surface_dice(self, tolerance: float) -> float | None:
        """Share of both surfaces within ``tolerance`` of the other; None without any surface.

        Raises:
            DataError: ``tolerance`` is negative or not finite.
        """
        if not math.isfinite(tolerance) or tolerance < 0:
            raise DataError(
                "surface Dice tolerance",
                found=f"{tolerance}",
                expected="a finite number, 0 or more",
                remedy="correct the task's tolerance",
            )
        total = self.from_truth.size + self.from_prediction.size
        if not total:
            return None
        limit = tolerance * (1.0 + _RELATIVE_SLACK)
        within = np.count_nonzero(self.from_truth <= limit)
        within += np.count_nonzero(self.from_prediction <= limit)
        return float(within / total)


def surface_distances(truth: Mask, prediction: Mask, spacing: Sequence[float]) -> SurfaceDistances:
    """Measure the distances between the surfaces of two masks.

    Args:
        truth: Boolean mask, 2D or 3D.
        prediction: Boolean mask of the same shape.
        spacing: Distance of neighbouring voxels along each axis.

    Raises:
        DataError: The masks are not boolean arrays of one shape, or the spacing does not fit.
    """
    require_pair(truth, prediction)
    require_spacing(spacing, truth.ndim)
    diagonal = math.hypot(*(n * step for n, step in zip(truth.shape, spacing, strict=True)))
    # Both surfaces lie in the bounding box of both masks: on a 256 x 256 x 64 grid with an
    # organ of 150 x 150 x 40 voxels the box holds a fifth of the voxels.
    boxes = ndimage.find_objects((truth | prediction).view(np.uint8))
    box = boxes[0] if boxes else tuple(slice(0, 0) for _ in truth.shape)
    surface_of_truth = _boundary(truth[box])
    surface_of_prediction = _boundary(prediction[box])
    return SurfaceDistances(
        _distances_to(surface_of_prediction, surface_of_truth, spacing),
        _distances_to(surface_of_truth, surface_of_prediction, spacing),
        diagonal,
    )


def pool(parts: Sequence[SurfaceDistances]) -> SurfaceDistances:
    """Collect the distances of several images of one case, such as slices without a spacing.

    A surface of a part whose other mask is empty keeps its infinite distances: it is wrong in
    the surface Dice and stands at the diagonal in HD95, as a whole missed case does.
    """
    return SurfaceDistances(
        np.concatenate([part.from_truth for part in parts]),
        np.concatenate([part.from_prediction for part in parts]),
        max(part.diagonal for part in parts),
    )


def hausdorff95(truth: Mask, prediction: Mask, spacing: Sequence[float]) -> float | None:
    """95th percentile Hausdorff distance: the larger of the two directed 95th percentiles.

    Percentiles interpolate linearly between distances. Equals MONAI's
    ``compute_hausdorff_distance(percentile=95)`` wherever both masks hold something.

    Args:
        truth: Boolean mask, 2D or 3D.
        prediction: Boolean mask of the same shape.
        spacing: Distance of neighbouring voxels along each axis.

    Returns:
        The distance in the spacing's unit, from 0; the image's diagonal (number of voxels
        times spacing) when exactly one mask is empty; None when both are.

    Raises:
        DataError: The masks are not boolean arrays of one shape, or the spacing does not fit.
    """
    return surface_distances(truth, prediction, spacing).hausdorff95


def surface_dice(
    truth: Mask, prediction: Mask, spacing: Sequence[float], tolerance: float
) -> float | None:
    """Normalised surface Dice (Nikolov et al. 2018) over boundary voxels.

    The number of boundary voxels of either mask that lie within ``tolerance`` of the other's
    surface, divided by the number of all boundary voxels of both. Equals MONAI's
    ``compute_surface_dice`` with ``use_subvoxels=False``.

    Args:
        truth: Boolean mask, 2D or 3D.
        prediction: Boolean mask of the same shape.
        spacing: Distance of neighbouring voxels along each axis.
        tolerance: The deviation that is acceptable for the task, in the spacing's unit.

    Returns:
        0 to 1; 0 when exactly one mask is empty; None when both are.

    Raises:
        DataError: The masks are not boolean arrays of one shape, the spacing does not fit or
            the tolerance is negative.
    """
    return surface_distances(truth, prediction, spacing).surface_dice(tolerance)


def _boundary(mask: Mask) -> Mask:
    if not mask.size:
        return mask
    return np.logical_and(mask, ~ndimage.binary_erosion(mask))


def _distances_to(target: Mask, source: Mask, spacing: Sequence[float]) -> Distances:
    """For each voxel of ``source``, the distance to the nearest voxel of ``target``.

    Two exact ways, each where it is fast. A k-d tree finds near voxels 3 times faster than a
    distance transform of the box (0.08 s against 0.26 s for an organ on 256 x 256 x 64), but
    took 7 s instead of 1 s on concentric spheres, where each voxel has thousands of almost
    nearest ones. So it looks no further than ten voxels, and the transform does the rest.
    """
    points = np.argwhere(source)
    targets = np.argwhere(target)
    if not len(targets) or not len(points):
        return np.full(len(points), np.inf)
    steps = np.asarray(spacing, dtype=np.float64)
    reach = _REACH_IN_VOXELS * steps.min()
    found, _ = KDTree(targets * steps).query(points * steps, distance_upper_bound=reach)
    distances: Distances = np.asarray(found, dtype=np.float64)
    far = np.isinf(distances)
    if far.any():
        distances[far] = _distances_by_transform(target, points[far], steps)
    return distances


def _distances_by_transform(target: Mask, points: NDArray[np.intp], steps: Distances) -> Distances:
    # The nearest voxels alone, without the distance of every voxel of the box, take 60 % of
    # the time.
    nearest = ndimage.distance_transform_edt(
        ~target, sampling=steps, return_distances=False, return_indices=True
    )
    ends = nearest[(slice(None), *points.T)].T
    lengths: Distances = np.linalg.norm((ends - points) * steps, axis=1)
    return lengths
