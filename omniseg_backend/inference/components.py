"""Connected components of one class, found inside the class's bounding box."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Box = tuple[slice, ...]


def class_boxes(labels: NDArray[np.uint8], classes: int) -> list[Box | None]:
    """The bounding box of each class, None where it has no voxel.

    Args:
        labels: Class indices, any number of axes.
        classes: Number of classes, background included.

    Returns:
        One box per class, the background's (always None) first.
    """
    return [None, *ndimage.find_objects(labels, max_label=classes - 1)]


def label_components(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Number the connected components of a mask; voxels that share a corner are connected.

    Returns:
        Numbers from 1 up (0 outside) in the mask's shape, and how many there are.
    """
    everywhere = np.ones((3,) * mask.ndim, bool)
    numbered, count = ndimage.label(mask, structure=everywhere)
    return numbered.astype(np.int32, copy=False), int(count)


def count_classes(labels: NDArray[np.uint8], classes: int) -> list[tuple[int, int]]:
    """Voxels and connected components of each foreground class (``classes`` of them)."""
    return [
        (0, 0) if box is None else count_class(labels[box], index)
        for index, box in enumerate(class_boxes(labels, classes + 1))
        if index > 0
    ]


def count_class(part: NDArray[np.uint8], index: int) -> tuple[int, int]:
    """Voxels and connected components of one class.

    Args:
        part: Class indices where the class is.
        index: The class.
    """
    mask = part == index
    return int(np.count_nonzero(mask)), label_components(mask)[1]
