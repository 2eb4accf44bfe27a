"""Masks cleaned up and measured: every class of one frame."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.rules import CleanUpRule
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.inference.cleanup import CleanUp, find_clean_up
from omniseg_backend.inference.components import Box, class_boxes, count_class
from omniseg_backend.inference.threaded import in_order

#: Classes whose rules are found at once, at most: each holds 9 bytes per voxel of its box.
CLEANED_AT_ONCE = 2


def clean_and_count(
    labels: NDArray[np.uint8],
    rules: Mapping[int, CleanUpRule],
    classes: int,
    geometry: Geometry,
    threads: int,
) -> list[tuple[int, int]]:
    """Apply the rules, in place and in their order, and count what is left.

    What each rule does is found for several classes at once, since none depends on another, and
    done one after the other: a later class fills holes that an earlier one left. Components are
    numbered once, for cleaning and for counting.

    Args:
        labels: Class indices of one frame, (slice, row, column).
        rules: By class index.
        classes: Foreground classes.
        geometry: States what a voxel measures.
        threads: At most so many classes at once.

    Returns:
        Voxels and connected components of each foreground class.
    """
    boxes = {
        index: box for index, box in enumerate(class_boxes(labels, classes + 1)) if box is not None
    }
    find = functools.partial(_find, labels, boxes, rules, geometry)
    cleaned = [index for index in rules if index in boxes]
    counts = dict.fromkeys(range(1, classes + 1), (0, 0))
    uncounted = [index for index in boxes if index not in rules]
    for found in in_order(find, cleaned, threads):
        left = found.apply(labels)
        if left is None:
            uncounted.append(found.index)
        else:
            counts[found.index] = left
    count = functools.partial(_count, labels, boxes)
    counts.update(zip(uncounted, in_order(count, uncounted, threads), strict=True))
    return list(counts.values())


def _find(
    labels: NDArray[np.uint8],
    boxes: Mapping[int, Box],
    rules: Mapping[int, CleanUpRule],
    geometry: Geometry,
    index: int,
) -> CleanUp:
    return find_clean_up(labels, index, boxes[index], rules[index], geometry)


def _count(labels: NDArray[np.uint8], boxes: Mapping[int, Box], index: int) -> tuple[int, int]:
    return count_class(labels[boxes[index]], index)
