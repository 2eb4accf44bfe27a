"""How much there is of each class in a layer now, counted anew only where something changed."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.progress import Cancel, check_cancel

Box = tuple[slice, ...]
#: The edges of a class's box, and a checksum of the mask inside it.
Fingerprint = tuple[tuple[int, ...], int]

#: A count is a few hundred bytes.
_MOST_REMEMBERED = 10_000


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
    fingerprint: Fingerprint


FrameCounts = Mapping[int, ClassCount]

#: What is said of a class that a frame does not hold.
ABSENT = ClassCount(0, 0, ((), 0))


class ClassCounter:
    """Counts a layer again and again, and remembers what it found.

    Finding the classes' boxes is one pass over the labels. Connected components, which cost ten
    times that, are found again only for voxels that were not seen before: of what was painted,
    not of the other classes, and not of what is undone.
    """

    def __init__(self) -> None:
        self._seen: dict[Fingerprint, ClassCount] = {}

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
        if len(self._seen) > _MOST_REMEMBERED:
            self._seen.clear()
        return tuple(self._count(frame, cancel) for frame in frames)

    def _count(self, frame: NDArray[np.unsignedinteger], cancel: Cancel | None) -> FrameCounts:
        from scipy import ndimage

        counts: dict[int, ClassCount] = {}
        for value, box in enumerate(ndimage.find_objects(frame), start=1):
            if box is not None:
                check_cancel(cancel)
                counts[value] = self._class_count(frame[box] == value, box)
        return counts

    def _class_count(self, mask: NDArray[np.bool_], box: Box) -> ClassCount:
        from omniseg_backend.inference.components import label_components

        bounds = tuple(edge for part in box for edge in (part.start, part.stop))
        fingerprint = (bounds, zlib.crc32(np.packbits(mask.ravel(order="K")).data))
        if fingerprint not in self._seen:
            voxels, (_, components) = int(np.count_nonzero(mask)), label_components(mask)
            self._seen[fingerprint] = ClassCount(voxels, components, fingerprint)
        return self._seen[fingerprint]
