"""How a plane meets the network's input size: scaled, padded, covered by windows."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.preprocessing.layout import PlaneLayout
from omniseg_backend.preprocessing.resampling import resize_channels
from omniseg_backend.preprocessing.settings import (
    FitToSize,
    PreprocessingSettings,
    TargetSpacing,
    Tiles,
)


@dataclasses.dataclass(frozen=True)
class SamplingPlan:
    """The windows that cover one plane, and the way back.

    A plane is scaled to ``scaled``, padded by ``before`` (and as much after as the windows
    need), and cut into windows of ``window`` at ``corners``.

    Attributes:
        plane: Rows and columns of the image's plane.
        scaled: Rows and columns after scaling.
        before: Padding above and to the left.
        window: Rows and columns of the network's input.
        corners: Top left corner of each window, in the padded plane.
    """

    plane: tuple[int, int]
    scaled: tuple[int, int]
    before: tuple[int, int]
    window: tuple[int, int]
    corners: tuple[tuple[int, int], ...]

    @property
    def padded(self) -> tuple[int, int]:
        """Rows and columns of the padded plane: at least one window."""
        return (
            max(self.scaled[0], self.window[0]),
            max(self.scaled[1], self.window[1]),
        )

    def scale_and_pad(
        self, channels: NDArray[np.float32], floor: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Bring (channel, rows, columns) of the image to the padded plane.

        Args:
            channels: Normalised values.
            floor: What to pad each channel with.
        """
        scaled = resize_channels(channels, self.scaled)
        if self.scaled == self.padded:
            return scaled
        padded = np.empty((scaled.shape[0], *self.padded), np.float32)
        padded[:] = floor[:, np.newaxis, np.newaxis]
        rows, columns = self.inside
        padded[:, rows, columns] = scaled
        return padded

    def cut(self, padded: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cut (channel, rows, columns) into (window, channel, H, W)."""
        return np.stack([self.cut_one(padded, index) for index in range(len(self.corners))])

    def cut_one(self, padded: NDArray[np.float32], index: int) -> NDArray[np.float32]:
        """View one window of (channel, rows, columns), shape (channel, H, W)."""
        top, left = self.corners[index]
        return padded[:, top : top + self.window[0], left : left + self.window[1]]

    def windows_over(self, rows: tuple[int, int], columns: tuple[int, int]) -> tuple[int, ...]:
        """Windows that a part of the image's plane depends on.

        Args:
            rows: First row and the one after the last, in the image's plane.
            columns: The same of the columns.
        """
        reach = [
            _reach(span, plane, scaled, before)
            for span, plane, scaled, before in zip(
                (rows, columns), self.plane, self.scaled, self.before, strict=True
            )
        ]
        return tuple(
            index
            for index, corner in enumerate(self.corners)
            if all(
                start < high and low < start + length
                for start, length, (low, high) in zip(corner, self.window, reach, strict=True)
            )
        )

    def join(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Blend (window, class, H, W) into (class, rows, columns) of the scaled plane."""
        blend = Blend(self)
        for index, window in enumerate(windows):
            blend.add(index, window)
        return blend.scaled_plane()

    def to_plane(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring (window, class, H, W) back to (class, rows, columns) of the image's plane."""
        return resize_channels(self.join(windows), self.plane)

    @property
    def inside(self) -> tuple[slice, slice]:
        """Where the scaled plane lies in the padded one: rows and columns."""
        top, left = self.before
        return slice(top, top + self.scaled[0]), slice(left, left + self.scaled[1])


class Blend:
    """Windows of one plane, blended as they come, so that they need not be held together.

    Overlapping windows are weighted by a Gaussian of an eighth of the window, as nnU-Net
    does: a pixel near a window's border is seen with little context.

    Args:
        plan: The plan that the windows were cut by.
    """

    def __init__(self, plan: SamplingPlan) -> None:
        self._plan = plan
        self._total: NDArray[np.float32] | None = None

    def add(self, index: int, window: NDArray[np.float32]) -> None:
        """Add the output (class, H, W) of the window ``index``."""
        plan = self._plan
        if len(plan.corners) == 1:
            self._total = window
            return
        if self._total is None:
            self._total = np.zeros((window.shape[0], *plan.padded), np.float32)
        (top, left), (height, width) = plan.corners[index], plan.window
        part = self._total[:, top : top + height, left : left + width]
        part += window * _gaussian(plan.window)

    def scaled_plane(self) -> NDArray[np.float32]:
        """The blend, shape (class, rows, columns) of the scaled plane.

        Exact where every window that ``windows_over`` names was added.
        """
        if self._total is None:
            raise ValueError("no window was added")
        rows, columns = self._plan.inside
        if len(self._plan.corners) == 1:
            return self._total[:, rows, columns]
        return (self._total / _window_weights(self._plan))[:, rows, columns]

    def plane(self) -> NDArray[np.float32]:
        """The blend on the image's plane, shape (class, rows, columns)."""
        return resize_channels(self.scaled_plane(), self._plan.plane)


def sampling_plan(layout: PlaneLayout, settings: PreprocessingSettings) -> SamplingPlan:
    """Plan the windows of every plane of an image.

    Raises:
        DataError: The task needs millimetres and the image states no spacing.
    """
    window = settings.input_size
    scaled = _scaled_shape(layout, settings)
    sampling = settings.sampling
    overlap = 0.0 if isinstance(sampling, FitToSize) else sampling.overlap
    before = (max(0, (window[0] - scaled[0]) // 2), max(0, (window[1] - scaled[1]) // 2))
    corners = tuple(
        (top, left)
        for top in _starts(max(scaled[0], window[0]), window[0], overlap)
        for left in _starts(max(scaled[1], window[1]), window[1], overlap)
    )
    return SamplingPlan(layout.plane_shape, scaled, before, window, corners)


def _scaled_shape(layout: PlaneLayout, settings: PreprocessingSettings) -> tuple[int, int]:
    rows, columns = layout.plane_shape
    match settings.sampling:
        case Tiles():
            return rows, columns
        case TargetSpacing(spacing_mm=target):
            if layout.unit != "mm":
                raise DataError(
                    "image",
                    found="no pixel spacing",
                    expected=f"a spacing in mm, since this task works at {target:g} mm",
                    remedy="use a file that states its spacing, such as NIfTI",
                )
            pixel = target
        case FitToSize():
            height, width = settings.input_size
            pixel = max(
                rows * layout.plane_spacing[0] / height,
                columns * layout.plane_spacing[1] / width,
            )
    return (
        max(1, round(rows * layout.plane_spacing[0] / pixel)),
        max(1, round(columns * layout.plane_spacing[1] / pixel)),
    )


def _starts(length: int, window: int, overlap: float) -> list[int]:
    """Evenly spaced starts of windows that cover ``length`` and overlap at least so much."""
    stride = max(1.0, window * (1.0 - overlap))
    steps = math.ceil((length - window) / stride) if length > window else 0
    if steps == 0:
        return [0]
    return [round(step * (length - window) / steps) for step in range(steps + 1)]


def _reach(span: tuple[int, int], plane: int, scaled: int, before: int) -> tuple[float, float]:
    """What rows of the padded plane an image's rows are interpolated from."""
    ratio = scaled / plane
    support = max(1.0, ratio)
    low = (span[0] + 0.5) * ratio - support
    high = (span[1] - 0.5) * ratio + support
    return before + max(0.0, low), before + min(float(scaled), high)


@functools.lru_cache(maxsize=1)
def _window_weights(plan: SamplingPlan) -> NDArray[np.float32]:
    """Sum of the windows' weights at each pixel of the padded plane; the same for each plane."""
    height, width = plan.window
    weights = np.zeros(plan.padded, np.float32)
    for top, left in plan.corners:
        weights[top : top + height, left : left + width] += _gaussian(plan.window)
    return weights


@functools.lru_cache(maxsize=8)
def _gaussian(window: tuple[int, int]) -> NDArray[np.float32]:
    sides = []
    for length in window:
        offset = np.arange(length) - (length - 1) / 2.0
        sides.append(np.exp(-0.5 * (offset / (length / 8.0)) ** 2))
    weight = np.outer(*sides)
    return np.maximum(weight, 1e-4).astype(np.float32)
