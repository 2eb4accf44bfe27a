"""Which DICOM frames an image was read from, so that results can refer to them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from omniseg_backend.common.errors import DataError


@dataclasses.dataclass(frozen=True)
class DicomPlane:
    """Where one slice of an image comes from.

    Attributes:
        path: The DICOM file. Inside a zip archive the archive's own path.
        frame: Its frame in the file, counted from 1.
        member: The file's name inside the archive; None for a plain file.
    """

    path: Path
    frame: int = 1
    member: str | None = None


@dataclasses.dataclass(frozen=True)
class DicomSource:
    """The series behind an image.

    Voxel (t, c, i, j, k) of the image is column i and row j of ``planes[t * slices + k]``.

    Attributes:
        series_uid: Series Instance UID.
        planes: One per slice and time point, time outermost.
    """

    series_uid: str
    planes: tuple[DicomPlane, ...]

    def __post_init__(self) -> None:
        if not self.planes:
            raise DataError(
                "DICOM source",
                found="no plane",
                expected="one per slice and time point",
                remedy="read the series again",
            )
