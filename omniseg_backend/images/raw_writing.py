"""Writing voxels as one block, for the formats that ``raw_block`` reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.segmentation import Segmentation


def planes(array: NDArray[np.generic]) -> Iterator[bytes]:
    """The voxels slice by slice, little-endian; the channel runs fastest, then i, j, k, time.

    Args:
        array: Shape (time, channel, i, j, k).
    """
    stored = array.dtype.newbyteorder("<")
    for frame in array:
        for k in range(frame.shape[-1]):
            yield frame[..., k].astype(stored, copy=False).tobytes(order="F")


def label_voxels(segmentation: Segmentation) -> NDArray[np.unsignedinteger]:
    """Labels of shape (time, 1, i, j, k) in the smallest type: uint8 or uint16."""
    labels = segmentation.labels
    highest = max(int(labels.max()), *segmentation.classes.values, 0)
    smallest: type[np.unsignedinteger] = np.uint8 if highest <= 255 else np.uint16
    voxels: NDArray[np.unsignedinteger] = labels.astype(smallest, copy=False)
    return voxels[:, np.newaxis]


def refuse_voxel_type(dtype: np.dtype[np.generic], target: Path) -> None:
    """Refuse types that NRRD and MetaImage have no name for.

    Raises:
        DataError: It is neither an integer nor a float of 32 or 64 bits.
    """
    if dtype.kind not in "iuf" or dtype.itemsize > 8 or dtype == np.float16:
        raise DataError(
            target,
            found=f"voxels of the type {dtype}",
            expected="integers, float32 or float64",
            remedy="convert the voxels first",
        )
