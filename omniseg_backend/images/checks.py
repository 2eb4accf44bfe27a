"""Refusals that all readers share, made before or right after the voxels are decoded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError, ResourceError
from omniseg_backend.common.platform import available_memory
from omniseg_backend.common.wording import counted, span

#: Deflate, the compression of gzip and PNG, cannot shrink data by more than this factor
#: (zlib's documentation, "Maximum Expansion Factor"): a header that announces more is false.
DEFLATE_LIMIT = 1032


def refuse_larger_than_memory(
    path: Path,
    needed_bytes: int,
    *,
    smaller: str = "crop or downsample the image",
    available: Callable[[], int] = available_memory,
) -> None:
    """Refuse an image that the free memory cannot hold, before its voxels are read.

    Args:
        path: The file, for the message.
        needed_bytes: What reading it takes at its peak, from the header's numbers.
        smaller: The smaller choice that the user has with this format.
        available: Says how many bytes are free.

    Raises:
        ResourceError: ``needed_bytes`` is more than is available now.
    """
    free = available()
    if needed_bytes > free:
        raise ResourceError(
            path,
            found=f"an image that takes {_binary_size(needed_bytes)} of memory",
            expected=f"at most {_binary_size(free)}, which is free now",
            remedy=f"{smaller}, or use a machine with more memory",
        )


def refuse_cut_off(path: Path, *, found_bytes: int, expected_bytes: int) -> None:
    """Refuse a file that holds, or can hold, fewer bytes than its header announces.

    Raises:
        DataError: ``found_bytes`` is less than ``expected_bytes``.
    """
    if found_bytes < expected_bytes:
        raise DataError(
            path,
            found=f"at most {counted(found_bytes, 'byte')}",
            expected=f"the {counted(expected_bytes, 'byte')} that its header announces",
            remedy="copy or download the file again: it is cut off or its header is damaged",
        )


def refuse_non_finite(path: Path, array: NDArray[np.generic]) -> None:
    """Refuse voxels that are no numbers.

    Raises:
        DataError: ``array`` holds NaN or infinite values; the message counts them.
    """
    if array.dtype.kind != "f":
        return
    # One time point and channel at a time: the mask of a whole series is never held.
    bad = sum(int(np.count_nonzero(~np.isfinite(part))) for part in array)
    if bad:
        raise DataError(
            path,
            found=f"{bad} of {array.size} voxels that are not finite (NaN or infinite)",
            expected="finite numbers everywhere",
            remedy="replace them, for instance by the background's value, and save the file",
        )


def whole_labels(path: Path, array: NDArray[Any]) -> NDArray[np.unsignedinteger]:
    """Labels as uint8, or as uint16 where a value above 255 occurs.

    Floating-point storage is accepted where every value is whole to 1e-4, since slopes and
    resampling tools leave such files behind.

    Raises:
        DataError: A value is negative, above 65535 or not whole.
    """
    refuse_non_finite(path, array)
    lowest, highest = array.min(), array.max()
    if lowest < 0 or highest > 65535:
        raise DataError(
            path,
            found=f"values of {span(lowest, highest, 7)}",
            expected="labels from 0 (background) to 65535",
            remedy="pass a segmentation and not an image, or renumber its labels",
        )
    smallest = np.uint8 if highest < 255.5 else np.uint16
    if array.dtype.kind != "f":
        return array.astype(smallest)
    whole = np.rint(array)
    broken = np.abs(array - whole) > 1e-4
    if broken.any():
        raise DataError(
            path,
            found=f"values that are not whole, such as {array[broken][0]:.6g}",
            expected="labels, which are whole numbers",
            remedy="pass a segmentation and not an image or a probability map",
        )
    return whole.astype(smallest)


def _binary_size(count: int) -> str:
    if count < 2**30:
        return f"{count / 2**20:.1f} MiB"
    return f"{count / 2**30:.1f} GiB"
