"""What is done to masks after the network, as the manifest's rules say."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from omniseg_backend.bundles.rules import CleanUpRule
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.inference.components import class_boxes, label_components


def clean_up(labels: NDArray[np.uint8], index: int, rule: CleanUpRule, geometry: Geometry) -> None:
    """Apply one class's rule to class indices, in place.

    Small components go first, then all but the largest, then holes are filled. A hole is
    background enclosed by the class: in all three directions in a volume, in the plane in a
    picture. Other classes are never overwritten.

    Args:
        labels: Class indices of one frame, (slice, row, column).
        index: The class.
        rule: What to do.
        geometry: States what a voxel measures.
    """
    box = class_boxes(labels, index + 1)[index]
    if box is None:
        return
    part = labels[box]
    # A single plane encloses nothing from above and below, so it is treated as a plane.
    single = tuple(axis for axis, length in enumerate(labels.shape) if length == 1)
    flat = np.squeeze(part, axis=single)
    mask = flat == index
    kept = _kept(mask, rule, geometry)
    flat[mask & ~kept] = 0
    if rule.fill_holes:
        _fill_holes(flat, kept, index)


def smallest_voxels(rule: CleanUpRule, geometry: Geometry) -> int:
    """The rule's smallest component in voxels; 0 where its unit does not apply here."""
    if rule.unit == "px":
        return math.ceil(rule.min_size)
    dimensions = {"mm2": 2, "mm3": 3}[rule.unit]
    if geometry.unit != "mm" or geometry.dimensions != dimensions:
        return 0
    # A hair below the quotient, so that rounding never turns exactly 10 voxels into 11.
    return math.ceil(rule.min_size / geometry.voxel_size * (1 - 1e-9))


def _fill_holes(labels: NDArray[np.uint8], kept: NDArray[np.bool_], index: int) -> None:
    """Give background that ``kept`` encloses to the class, looking only where ``kept`` reaches."""
    (box,) = ndimage.find_objects(kept.view(np.uint8)) or (None,)
    if box is None:
        return
    part = labels[box]
    part[enclosed(kept[box]) & (part == 0)] = index


def enclosed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a mask shuts voxels off from the array's border; ways out go through faces.

    What ``ndimage.binary_fill_holes`` fills, in a quarter of the time: that one dilates the
    outside step by step, this one numbers the parts of the background once.
    """
    numbered, parts = ndimage.label(~mask)
    open_part = np.zeros(parts + 1, bool)
    open_part[0] = True  # the mask itself
    for axis in range(mask.ndim):
        for face in (0, -1):
            open_part[numbered.take(face, axis)] = True
    if open_part.all():
        return np.zeros(mask.shape, bool)
    return ~open_part[numbered]


def _kept(mask: NDArray[np.bool_], rule: CleanUpRule, geometry: Geometry) -> NDArray[np.bool_]:
    smallest = smallest_voxels(rule, geometry)
    if smallest <= 1 and not rule.keep_largest:
        return mask
    numbered, count = label_components(mask)
    # Plane by plane: of 52 million voxels at once it took 1.2 s instead of 0.08.
    sizes = sum(
        (np.bincount(plane.ravel(), minlength=count + 1) for plane in numbered),
        start=np.zeros(count + 1, np.int64),
    )
    keep = sizes >= smallest
    keep[0] = False
    if rule.keep_largest and keep.any():
        return np.asarray(numbered == np.argmax(np.where(keep, sizes, 0)), dtype=bool)
    return np.asarray(keep[numbered], dtype=bool)
