"""The Image: voxels together with where they lie and what they show."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.provenance import Provenance
from omniseg_backend.common.wording import counted
from omniseg_backend.images.dicom_source import DicomSource
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.modality import UNKNOWN, ModalityStatement


@dataclasses.dataclass(frozen=True, eq=False)
class Image:
    """A picture, a volume or a series of them in time.

    Attributes:
        array: Shape (time, channel, i, j, k), any real number type. A picture has ``k = 1``:
            i runs along its columns, j down its rows. An image without time has one frame.
        geometry: Where the voxels of every frame lie.
        channel_names: One name per channel, such as ``("R", "G", "B")``.
        modality: What the image shows and who said so.
        name: The file's name, for messages and outputs.
        has_time: Whether the time axis was in the file, even with one frame.
        frame_seconds: Time between frames where the file states it.
        source: The DICOM series it was read from; None for every other format.
        notes: What its reader assumed where the file was silent or contradicted itself.
        provenance: What computed it; None for what a scanner or a camera made.
    """

    array: NDArray[np.generic]
    geometry: Geometry
    channel_names: tuple[str, ...] = ("intensity",)
    modality: ModalityStatement = UNKNOWN
    name: str = "image"
    has_time: bool = False
    frame_seconds: float | None = None
    source: DicomSource | None = None
    notes: tuple[Flag, ...] = ()
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        shape = self.array.shape
        if len(shape) != 5 or shape[2:] != self.geometry.shape or shape[0] < 1:
            raise DataError(
                self.name,
                found=f"an array of shape {shape}",
                expected=f"(time, channel, i, j, k) on the grid {self.geometry.shape}",
                remedy="check how the image was made",
            )
        if shape[1] != len(self.channel_names):
            raise DataError(
                self.name,
                found=f"{counted(shape[1], 'channel')} and "
                f"{counted(len(self.channel_names), 'channel name')}",
                expected="one name per channel",
                remedy="name every channel",
            )

    @classmethod
    def from_picture(
        cls,
        pixels: NDArray[np.generic],
        *,
        spacing: tuple[float, float] | None = None,
        modality: ModalityStatement = UNKNOWN,
        name: str = "image",
    ) -> Image:
        """Make an Image of a picture.

        Args:
            pixels: Shape (rows, columns) or (rows, columns, channels).
            spacing: Distance of columns and of rows in mm, or None where it is unknown.
            modality: What it shows, if known.
            name: For messages and outputs.
        """
        if pixels.ndim not in (2, 3):
            raise DataError(
                name,
                found=f"an array with {counted(pixels.ndim, 'axis', 'axes')}",
                expected="rows, columns and at most channels",
                remedy="pass one picture",
            )
        planes = pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
        array = planes.transpose(2, 1, 0)[np.newaxis, :, :, :, np.newaxis]
        channels = planes.shape[2]
        names = ("R", "G", "B") if channels == 3 else _default_names(channels)
        geometry = Geometry.of_picture(planes.shape[1], planes.shape[0], spacing)
        return cls(array, geometry, names, modality, name)

    @property
    def frames(self) -> int:
        """Number of time points."""
        return int(self.array.shape[0])

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.array.shape[1])

    def with_modality(self, modality: ModalityStatement) -> Image:
        """The same image under another statement of its modality."""
        return dataclasses.replace(self, modality=modality)


def _default_names(channels: int) -> tuple[str, ...]:
    if channels == 1:
        return ("intensity",)
    return tuple(f"channel {index}" for index in range(channels))
