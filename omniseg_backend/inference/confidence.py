"""How sure the network was of each class, added up plane by plane."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True, eq=False)
class PlaneTally:
    """Of one plane, by class, background first.

    Attributes:
        voxels: Where each was chosen.
        sums: Sum of its probability there.
        peaks: Its largest probability anywhere.
    """

    voxels: NDArray[np.int64]
    sums: NDArray[np.float64]
    peaks: NDArray[np.float32]


def tally(
    chosen: NDArray[np.uint8],
    certainty: NDArray[np.float32],
    probabilities: NDArray[np.float32],
) -> PlaneTally:
    """Count one plane.

    Args:
        chosen: Most probable class of each pixel, (rows, columns).
        certainty: Its probability, (rows, columns).
        probabilities: All of them, (class, rows, columns).
    """
    classes = len(probabilities)
    flat = chosen.ravel().astype(np.intp)
    return PlaneTally(
        voxels=np.bincount(flat, minlength=classes),
        sums=np.bincount(flat, weights=certainty.ravel(), minlength=classes).astype(np.float64),
        peaks=probabilities.max(axis=(1, 2)),
    )


class ConfidenceSums:
    """Running sums over planes of what the network chose and how sure it was.

    Args:
        classes: Number of classes, background included.
    """

    def __init__(self, classes: int) -> None:
        self._voxels = np.zeros(classes, np.int64)
        self._sums = np.zeros(classes, np.float64)
        self._peaks = np.zeros(classes, np.float64)

    def add(self, plane: PlaneTally) -> None:
        """Add one plane."""
        self._voxels += plane.voxels
        self._sums += plane.sums
        np.maximum(self._peaks, plane.peaks, out=self._peaks)

    def mean(self, index: int) -> float | None:
        """Mean calibrated probability of a class over the voxels where it was chosen.

        Clean-up comes later: voxels that it removes count, those that it fills do not, so
        that islands far from the structure lower the confidence. None where the class was
        chosen nowhere.
        """
        voxels = int(self._voxels[index])
        return float(self._sums[index]) / voxels if voxels else None

    def peak(self, index: int) -> float:
        """The largest probability that a class had anywhere."""
        return float(self._peaks[index])
