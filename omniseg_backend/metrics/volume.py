"""How much too large or too small a segmentation is."""

from __future__ import annotations

import dataclasses

import numpy as np

from omniseg_backend.common.errors import DataError
from omniseg_backend.metrics.masks import Mask, require_pair


@dataclasses.dataclass(frozen=True)
class VolumeError:
    """Sizes of truth and prediction and how they differ.

    Attributes:
        truth: The truth's area or volume, in the voxel size's unit.
        prediction: The prediction's, in the same unit.
        signed: Prediction minus truth: above zero where too much was marked.
        relative: ``signed`` divided by the truth; None where the truth is empty.
    """

    truth: float
    prediction: float
    signed: float
    relative: float | None

    @classmethod
    def of_sizes(cls, truth: float, prediction: float) -> VolumeError:
        """Compare two sizes in one unit."""
        signed = prediction - truth
        return cls(truth, prediction, signed, signed / truth if truth else None)


def volume_error(truth: Mask, prediction: Mask, voxel_size: float) -> VolumeError:
    """Compare the volumes (areas in pictures) of two masks.

    Args:
        truth: Boolean mask of any shape.
        prediction: Boolean mask of the same shape.
        voxel_size: Volume or area of one voxel; 1 counts voxels.

    Raises:
        DataError: The masks are not boolean arrays of one shape, or the voxel size is not a
            finite number above zero.
    """
    require_pair(truth, prediction)
    if not (np.isfinite(voxel_size) and voxel_size > 0):
        raise DataError(
            "voxel size",
            found=f"{voxel_size}",
            expected="a finite number above zero",
            remedy="correct the image's spacing",
        )
    return VolumeError.of_sizes(
        np.count_nonzero(truth) * voxel_size, np.count_nonzero(prediction) * voxel_size
    )
