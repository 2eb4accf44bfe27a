"""Painting shapes one over the other, with their labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Canvas:
    """Values and labels that are painted in order, later shapes over earlier ones.

    Attributes:
        values: Shape (channel, *grid), float64.
        labels: Shape of the grid, uint8: what fills at least half of each voxel.
    """

    def __init__(self, shape: Sequence[int], background: Sequence[float]) -> None:
        start = np.asarray(background, dtype=np.float64).reshape(-1, *(1,) * len(shape))
        self.values = np.broadcast_to(start, (len(background), *shape)).copy()
        self.labels = np.zeros(shape, dtype=np.uint8)

    def paint(
        self,
        share: NDArray[np.float64],
        value: Sequence[float] | NDArray[np.float64],
        label: int | None,
    ) -> None:
        """Paint a shape.

        Args:
            share: Shape of the grid; how much of each voxel the shape fills, 0 to 1.
            value: One number per channel, or an array of the shape of ``values``.
            label: What it is in the truth; None leaves the truth as it was (a vessel inside
                the liver, glare on an instrument).
        """
        colour = np.asarray(value, dtype=np.float64)
        if colour.ndim == 1:
            colour = colour.reshape(-1, *(1,) * self.labels.ndim)
        self.values += share * (colour - self.values)
        if label is not None:
            self.labels[share >= 0.5] = label
