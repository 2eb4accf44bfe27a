"""The Segmentation: labels on an Image's geometry, with names."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.provenance import Provenance
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.dicom_source import DicomSource
from omniseg_backend.images.geometry import Geometry


@dataclasses.dataclass(frozen=True, eq=False)
class Segmentation:
    """Which class each voxel belongs to.

    Attributes:
        labels: Shape (time, i, j, k), unsigned integers; 0 is the background, other values
            stand in ``classes``.
        geometry: The geometry of the image it belongs to.
        classes: What the values mean.
        provenance: Where it came from; None for a truth or a person's work.
        name: The file's name, for messages.
        has_time: Whether the time axis was in the image's file.
        frame_seconds: Time between frames where the image's file states it.
        source: The DICOM series of the image, to which a DICOM result refers.
    """

    labels: NDArray[np.unsignedinteger]
    geometry: Geometry
    classes: ClassTable
    provenance: Provenance | None = None
    name: str = "segmentation"
    has_time: bool = False
    frame_seconds: float | None = None
    source: DicomSource | None = None

    def __post_init__(self) -> None:
        if self.labels.ndim != 4 or self.labels.shape[1:] != self.geometry.shape:
            raise DataError(
                self.name,
                found=f"labels of shape {self.labels.shape}",
                expected=f"(time, i, j, k) on the grid {self.geometry.shape}",
                remedy="use the mask that belongs to this image",
            )
        if not np.issubdtype(self.labels.dtype, np.unsignedinteger):
            raise DataError(
                self.name,
                found=f"labels of type {self.labels.dtype}",
                expected="unsigned integers",
                remedy="store the mask as whole numbers",
            )


def values_present(labels: NDArray[np.unsignedinteger]) -> list[int]:
    """The foreground values that occur, ascending; without sorting or copying the voxels.

    Args:
        labels: Shape (time, i, j, k), values to 65535.
    """
    seen = np.zeros(65536, dtype=np.bool_)
    for frame in labels:
        for plane in frame:
            seen[plane] = True
    return [int(value) for value in np.flatnonzero(seen) if value]
