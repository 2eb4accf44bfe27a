"""How much there is of each class in a layer now, counted anew only where something changed."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.progress import Cancel, check_cancel

Box = tuple[slice, ...]


@dataclasses.dataclass(frozen=True)
class ClassCount:
    """One class in one frame.

    Attributes:
        voxels: Voxels labelled so.
        components: Connected components.
        fingerprint: Differs, but for one chance in 2**32, where its voxels differ.
    """

    voxels: int
    components: int
    fingerprint: tuple[tuple[int, ...], int]


FrameCounts = Mapping[int, ClassCount]

#: What is said of a class that a frame does not hold.
ABSENT = ClassCount(0, 0, ((), 0))


class ClassCounter:
    """Counts a layer again and again, and remembers what it found.

    Finding the classes' boxes is one pass over the labels. Connected components, which cost ten
    times that, are found again only for the classes whose voxels are not those of the last count.
    """

    def __init__(self) -> None:
        self._last: tuple[FrameCounts, ...] = ()

    def count(
        self, frames: NDArray[np.unsignedinteger], cancel: Cancel | None = None
    ) -> tuple[FrameCounts, ...]:
        """Count every value of every frame.

        Args:
            frames: Labels, shape (time, z, y, x) or (time, y, x).
            cancel: Looked at before every class.

        Returns:
            Per frame, what it holds by value; values that do not occur are left out.

        Raises:
            CancelledError: The count is no longer wanted.
        """
        before = self._last if len(self._last) == len(frames) else ({},) * len(frames)
        self._last = tuple(
            _count(frame, known, cancel) for frame, known in zip(frames, before, strict=True)
        )
        return self._last


def _count(
    frame: NDArray[np.unsignedinteger], known: FrameCounts, cancel: Cancel | None
) -> FrameCounts:
    from scipy import ndimage

    counts: dict[int, ClassCount] = {}
    for value, box in enumerate(ndimage.find_objects(frame), start=1):
        if box is None:
            continue
        check_cancel(cancel)
        counts[value] = _class_count(frame[box] == value, box, known.get(value, ABSENT))
    return counts


def _class_count(mask: NDArray[np.bool_], box: Box, known: ClassCount) -> ClassCount:
    from omniseg_backend.inference.components import label_components

    bounds = tuple(edge for part in box for edge in (part.start, part.stop))
    fingerprint = (bounds, zlib.crc32(np.packbits(mask.ravel(order="K")).data))
    if fingerprint == known.fingerprint:
        return known
    return ClassCount(int(np.count_nonzero(mask)), label_components(mask)[1], fingerprint)
