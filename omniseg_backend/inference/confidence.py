"""How sure the network was of each class, added up plane by plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class ConfidenceSums:
    """Running sums over planes of what the network chose and how sure it was.

    Args:
        classes: Number of classes, background included.
    """

    def __init__(self, classes: int) -> None:
        self._voxels = np.zeros(classes, np.int64)
        self._sums = np.zeros(classes, np.float64)
        self._peaks = np.zeros(classes, np.float64)

    def add(
        self,
        chosen: NDArray[np.uint8],
        certainty: NDArray[np.float32],
        probabilities: NDArray[np.float32],
    ) -> None:
        """Add one plane.

        Args:
            chosen: Most probable class of each pixel, (rows, columns).
            certainty: Its probability, (rows, columns).
            probabilities: All of them, (class, rows, columns).
        """
        classes = len(self._voxels)
        flat = chosen.ravel()
        self._voxels += np.bincount(flat, minlength=classes)
        self._sums += np.bincount(flat, weights=certainty.ravel(), minlength=classes)
        np.maximum(self._peaks, probabilities.max(axis=(1, 2)), out=self._peaks)

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
