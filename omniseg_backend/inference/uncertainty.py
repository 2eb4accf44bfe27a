"""How much the network's answer moves when the picture is looked at differently.

Test-time augmentation (Wang et al. 2019, arXiv:1807.07356): the mean of the probabilities over
flips of symmetric axes, small shifts and small changes of intensity; the map is that mean's
entropy. Flips along any other axis would show the network an anatomy that does not exist.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.manifest import PlaneAxis

Predictor = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_AXIS = {"rows": -2, "columns": -1}
#: No multiple of the network's strides, so that the pooling grids fall anew.
_SHIFTS = ((3, 5), (-5, -3))
#: Gain and offset on normalised values, whose magnitude is about 1.
_INTENSITIES = ((0.9, -0.05), (1.1, 0.05))


@dataclasses.dataclass(frozen=True)
class View:
    """One altered look at network inputs, and the way back for its output.

    Attributes:
        flips: Axes turned round.
        shift: Rows and columns that the content moves by; edges are repeated.
        gain: Factor on normalised values.
        offset: Added after the gain.
    """

    flips: tuple[PlaneAxis, ...] = ()
    shift: tuple[int, int] = (0, 0)
    gain: float = 1.0
    offset: float = 0.0

    def apply(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Alter (N, C, H, W)."""
        shifted = _shifted(np.flip(inputs, self._axes), self.shift)
        changed = shifted * np.float32(self.gain) + np.float32(self.offset)
        return np.ascontiguousarray(changed, dtype=np.float32)

    def undo(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring (N, class, H, W) back to the unaltered pixels."""
        down, right = self.shift
        return np.flip(_shifted(outputs, (-down, -right)), self._axes)

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(_AXIS[axis] for axis in self.flips)


def views_for(symmetric_axes: Sequence[PlaneAxis]) -> tuple[View, ...]:
    """The altered looks of a task; four, and one more for each combination of its flips."""
    flips = [
        View(flips=axes)
        for count in range(1, len(symmetric_axes) + 1)
        for axes in itertools.combinations(symmetric_axes, count)
    ]
    shifts = [View(shift=shift) for shift in _SHIFTS]
    intensities = [View(gain=gain, offset=offset) for gain, offset in _INTENSITIES]
    return (*flips, *shifts, *intensities)


def mean_over_views(
    inputs: NDArray[np.float32],
    unaltered: NDArray[np.float32],
    views: Sequence[View],
    predict: Predictor,
) -> NDArray[np.float32]:
    """Mean probabilities of the unaltered look and all others, shape (N, class, H, W).

    Args:
        inputs: Network inputs, (N, C, H, W).
        unaltered: Their probabilities, (N, class, H, W).
        views: The other looks.
        predict: Gives probabilities of inputs.
    """
    total = unaltered.copy()
    for view in views:
        total += view.undo(predict(view.apply(inputs)))
    total /= len(views) + 1
    return total


def entropy_levels(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Entropy as a share of the largest possible, in 255 steps: a byte a voxel.

    Args:
        probabilities: Shape (class, rows, columns).

    Returns:
        Shape (rows, columns): 0 where one class is certain, 255 where all are equal.
    """
    bounded = np.clip(probabilities, 1e-12, 1.0)
    entropy = -(bounded * np.log(bounded)).sum(axis=0) / np.log(len(probabilities))
    return np.rint(np.clip(entropy, 0.0, 1.0) * 255.0).astype(np.uint8)


def _shifted(array: NDArray[np.float32], shift: tuple[int, int]) -> NDArray[np.float32]:
    for axis, step in zip((-2, -1), shift, strict=True):
        if step:
            length = array.shape[axis]
            source = np.clip(np.arange(length) - step, 0, length - 1)
            array = np.take(array, source, axis=axis)
    return array
