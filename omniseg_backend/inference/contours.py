"""A plane of an image as a picture, and contours drawn on it."""

from __future__ import annotations

import math

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality
from omniseg_backend.preprocessing.layout import PlaneLayout

_LINE_WIDTH = 2
#: Hounsfield units that show soft tissue.
_SOFT_TISSUE = (-160.0, 240.0)
_PERCENTILES = (0.5, 99.5)
_RED, _GREEN, _BLUE = "R", "G", "B"


def fullest_plane(labels: NDArray[np.unsignedinteger]) -> int:
    """The plane of (slice, row, column) with most foreground; the middle one if all are empty."""
    counts = np.count_nonzero(labels, axis=(1, 2))
    return int(counts.argmax()) if counts.any() else len(counts) // 2


def plane_picture(image: Image, layout: PlaneLayout, index: int, height: int) -> PIL.Image.Image:
    """One plane of the first frame in RGB, in the proportions of the body.

    Args:
        image: Colours are shown as they are, else the first channel; CT as soft tissue.
        layout: How the image becomes planes.
        index: Which plane.
        height: Of the picture in pixels.
    """
    size = _display_size(layout.plane_shape, layout.plane_spacing, height)
    plane = layout.to_planes(image.array[0])[:, index]
    return _grey_or_colour(image, plane).resize(size, PIL.Image.Resampling.BICUBIC)


def with_contours(
    picture: PIL.Image.Image, labels: NDArray[np.unsignedinteger], classes: ClassTable
) -> PIL.Image.Image:
    """The picture with the rim of every class in its colour.

    Args:
        picture: Of ``plane_picture``.
        labels: Shape (row, column) of the same plane, values of the class table.
        classes: Values and colours.
    """
    drawn = np.array(picture)
    for entry in classes:
        drawn[_contour(labels == entry.value, picture.size)] = entry.colour
    return PIL.Image.fromarray(drawn)


def _display_size(
    shape: tuple[int, int], spacing: tuple[float, float], height: int
) -> tuple[int, int]:
    """Width and height on screen, in the proportions of the body."""
    down, across = (length * step for length, step in zip(shape, spacing, strict=True))
    return max(1, round(height * across / down)), height


def _grey_or_colour(image: Image, plane: NDArray[np.generic]) -> PIL.Image.Image:
    """The plane (channel, row, column) as RGB: colours as they are, else the first channel."""
    if image.channel_names == (_RED, _GREEN, _BLUE) and plane.dtype == np.uint8:
        return PIL.Image.fromarray(np.ascontiguousarray(np.moveaxis(plane, 0, -1)))
    values = plane[0].astype(np.float32)
    low, high = (
        _SOFT_TISSUE if image.modality.value is Modality.CT else np.percentile(values, _PERCENTILES)
    )
    scaled = np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0)
    return PIL.Image.fromarray((255 * scaled).astype(np.uint8)).convert("RGB")


def _contour(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The inner rim of a mask at display size, smoothed as the image is."""
    large = PIL.Image.fromarray(mask.astype(np.uint8) * 255).resize(
        size, PIL.Image.Resampling.BILINEAR
    )
    inside = np.asarray(large) >= 128
    core = np.pad(inside, _LINE_WIDTH, mode="edge")
    eroded = inside.copy()
    rows, columns = inside.shape
    for down in range(2 * _LINE_WIDTH + 1):
        for right in range(2 * _LINE_WIDTH + 1):
            if math.hypot(down - _LINE_WIDTH, right - _LINE_WIDTH) <= _LINE_WIDTH:
                eroded &= core[down : down + rows, right : right + columns]
    return inside & ~eroded
