"""Where the components of a class lie, the largest first."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.progress import Cancel, check_cancel

#: Nobody steps through more; each costs a pass over its own box.
_MOST_SPOTS = 200


@dataclasses.dataclass(frozen=True)
class Spot:
    """One component.

    Attributes:
        frame: The time point.
        voxels: How large it is.
        centre: Of its box, in indices of the spatial axes.
        widest: Along each spatial axis, the slice that holds the most of it.
    """

    frame: int
    voxels: int
    centre: tuple[float, ...]
    widest: tuple[int, ...]


def spots_of(
    frames: NDArray[np.unsignedinteger], value: int, frame: int, cancel: Cancel | None = None
) -> tuple[Spot, ...]:
    """The components of a class in one frame, the largest first.

    Args:
        frames: Labels, shape (time, z, y, x) or (time, y, x).
        value: The class.
        frame: The time point that is looked at; if it has none of the class, the one with most.
        cancel: Looked at between components.

    Returns:
        At most 200; none where no frame holds the class.

    Raises:
        CancelledError: Another class was asked for.
    """
    from scipy import ndimage

    from omniseg_backend.inference.components import label_components

    mask = frames[frame] == value
    if not mask.any():
        held = [int(np.count_nonzero(one == value)) for one in frames]
        frame = int(np.argmax(held))
        if not held[frame]:
            return ()
        mask = frames[frame] == value
    box = ndimage.find_objects(mask.view(np.uint8))[0]
    numbered, count = label_components(mask[box])
    sizes = np.bincount(numbered.reshape(-1), minlength=count + 1)[1:]
    boxes = ndimage.find_objects(numbered)
    start = [part.start for part in box]
    spots = []
    for place in np.argsort(-sizes, kind="stable")[:_MOST_SPOTS]:
        check_cancel(cancel)
        inner = boxes[place]
        own = numbered[inner] == place + 1
        first = [begin + part.start for begin, part in zip(start, inner, strict=True)]
        spots.append(
            Spot(
                frame,
                int(sizes[place]),
                tuple(at + (n - 1) / 2 for at, n in zip(first, own.shape, strict=True)),
                tuple(at + _widest(own, axis) for axis, at in enumerate(first)),
            )
        )
    return tuple(spots)


def _widest(mask: NDArray[np.bool_], axis: int) -> int:
    """The slice along an axis that holds the most; of several that do, the middle one."""
    others = tuple(other for other in range(mask.ndim) if other != axis)
    areas = np.count_nonzero(mask, axis=others)
    best = np.flatnonzero(areas == areas.max())
    return int(best[len(best) // 2])
