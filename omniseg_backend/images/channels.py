"""What readers of several formats do with the channel axis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.wording import counted
from omniseg_backend.images.checks import whole_labels


def opaque_colours(
    path: Path, array: NDArray[Any], names: tuple[str, ...]
) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    """Drop an alpha channel that says nothing.

    Args:
        path: For the message.
        array: Shape (time, channel, i, j, k).
        names: The channels' names; ``R, G, B, A`` for colours with alpha.

    Raises:
        DataError: A voxel is transparent.
    """
    if names != tuple("RGBA"):
        return array, names
    opaque = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
    transparent = int(np.count_nonzero(array[:, 3] != opaque))
    if transparent:
        raise DataError(
            path,
            found=counted(transparent, "transparent voxel"),
            expected="an opaque image",
            remedy="flatten the image onto a background",
        )
    return array[:, :3], names[:3]


def single_labels(path: Path, array: NDArray[np.generic]) -> NDArray[np.unsignedinteger]:
    """Labels of shape (time, i, j, k) from voxels of shape (time, channel, i, j, k).

    Raises:
        DataError: There are several channels, or values that are no labels.
    """
    if array.shape[1] != 1:
        raise DataError(
            path,
            found=f"{counted(array.shape[1], 'value')} per voxel",
            expected="one label per voxel",
            remedy="pass a segmentation and not a colour or multi-channel image",
        )
    return whole_labels(path, array[:, 0])
