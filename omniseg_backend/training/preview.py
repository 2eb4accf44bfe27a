"""A validation case as the network sees it now: image, truth and prediction side by side."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from torch import nn

from omniseg_backend.images.classes import ClassTable
from omniseg_backend.training.samples import Plane
from omniseg_backend.training.validation import predicted_labels

#: Pixels of a panel's longer side at least; small planes are enlarged by whole factors.
_SIDE = 256
_GAP = 4
_PERCENTILES = (1.0, 99.0)
#: Of the class's colour over the image.
_OPACITY = 0.5


def fullest(planes: Sequence[Plane]) -> Plane:
    """The plane with most labelled pixels: where most is to be seen of the learning."""
    return max(planes, key=lambda plane: int(np.count_nonzero(plane.labels)))


def preview_png(
    network: nn.Module, plane: Plane, classes: ClassTable, device: torch.device
) -> bytes:
    """Draw the image, the truth over it and the prediction over it, from left to right.

    Args:
        network: In evaluation mode.
        plane: What to show.
        classes: Names and colours, in the network's order.
        device: Where the network is.

    Returns:
        A PNG.
    """
    base = _grey(plane.inputs)
    found = predicted_labels(network, plane, device)
    panels = [base, _painted(base, plane.labels, classes), _painted(base, found, classes)]
    gap = np.zeros((base.shape[0], _GAP, 3), np.uint8)
    joined = np.concatenate([panels[0], gap, panels[1], gap, panels[2]], axis=1)
    factor = max(1, _SIDE // max(plane.labels.shape))
    enlarged = joined.repeat(factor, axis=0).repeat(factor, axis=1)
    stream = io.BytesIO()
    PIL.Image.fromarray(enlarged).save(stream, format="PNG")
    return stream.getvalue()


def _grey(inputs: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The middle channel (of neighbouring slices, the slice itself) as RGB (row, column, 3)."""
    values = inputs[len(inputs) // 2]
    low, high = np.percentile(values, _PERCENTILES)
    scaled = np.clip((values - low) / max(float(high - low), 1e-6), 0.0, 1.0)
    return np.repeat((255 * scaled).astype(np.uint8)[..., np.newaxis], 3, axis=2)


def _painted(
    base: NDArray[np.uint8], labels: NDArray[np.integer], classes: ClassTable
) -> NDArray[np.uint8]:
    painted = base.copy()
    for index, entry in enumerate(classes, start=1):
        inside = labels == index
        colour = np.array(entry.colour, np.float32)
        painted[inside] = (1 - _OPACITY) * base[inside] + _OPACITY * colour
    return painted
