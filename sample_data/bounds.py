"""Which part of a grid a small structure can touch, so that the rest is not computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from omniseg_sample_data.fields import Field
from omniseg_sample_data.shapes import Numbers


class SlabBounds:
    """The range of every coordinate in each slab of a grid, whatever its orientation.

    Drawing an abdomen of 160 x 128 x 30 voxels takes 1.0 s with it and 2.2 s without.

    Args:
        points: Dense coordinate arrays, one per spatial axis.
    """

    def __init__(self, points: Sequence[Field]) -> None:
        self.shape = points[0].shape
        axes = range(len(self.shape))
        others = [tuple(a for a in axes if a != axis) for axis in axes]
        self._low = [[p.min(axis=rest) for p in points] for rest in others]
        self._high = [[p.max(axis=rest) for p in points] for rest in others]

    def box(self, centre: Numbers, reach: Numbers) -> tuple[slice, ...]:
        """The slabs that come within ``reach`` of ``centre`` along every coordinate.

        Args:
            centre: A point, one coordinate per spatial axis.
            reach: Half the box's length along each coordinate; may be infinite.
        """
        slices = []
        for lows, highs in zip(self._low, self._high, strict=True):
            touched = np.ones(lows[0].shape, dtype=bool)
            for low, high, middle, half in zip(lows, highs, centre, reach, strict=True):
                touched &= (high >= middle - half) & (low <= middle + half)
            hit = np.flatnonzero(touched)
            slices.append(slice(int(hit[0]), int(hit[-1]) + 1) if hit.size else slice(0, 0))
        return tuple(slices)
