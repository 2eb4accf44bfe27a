"""What the header of a DICOM image says, checked, before any pixel is decoded."""

from __future__ import annotations

import dataclasses
import math

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.wording import counted
from omniseg_backend.images.checks import refuse_cut_off
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.modality import ModalityStatement

Vector = tuple[float, float, float]


@dataclasses.dataclass(frozen=True)
class PixelFormat:
    """How the pixels of one file are stored.

    Attributes:
        rows: Pixels down.
        columns: Pixels across.
        samples: Values per pixel as stored: 1 or 3.
        bits_allocated: Bits per stored value.
        bits_stored: Bits in use, at most ``bits_allocated``.
        signed: Whether values can be negative.
        real: Whether they are floating-point numbers.
        photometric: What they mean, such as ``MONOCHROME2``.
        encapsulated: Whether they are compressed.
        palette_bits: Bits of a palette's entries; 0 without a palette.
    """

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    real: bool
    photometric: str
    encapsulated: bool
    palette_bits: int = 0

    @property
    def is_palette(self) -> bool:
        """Whether values are indices into a table of colours."""
        return self.photometric == "PALETTE COLOR"

    @property
    def channels(self) -> int:
        """Values per pixel once decoded: 1, or 3 for RGB."""
        return 3 if self.is_palette else self.samples

    @property
    def frame_bytes(self) -> int:
        """Bytes of one decoded frame."""
        return math.ceil(self.rows * self.columns * self.samples * self.bits_allocated / 8)

    @property
    def stored_range(self) -> tuple[int, int]:
        """The smallest and the largest value that the bits in use can hold."""
        if self.signed:
            return -(2 ** (self.bits_stored - 1)), 2 ** (self.bits_stored - 1) - 1
        return 0, 2**self.bits_stored - 1


@dataclasses.dataclass(frozen=True)
class Moment:
    """What tells the time points of a slice apart; None where the header is silent.

    Attributes:
        index: Number of the time point.
        trigger: Milliseconds since the heart's trigger.
        acquisition: Number of the acquisition.
        clock: Seconds since midnight of the first day.
        resolution: Milliseconds between time points.
    """

    index: int | None = None
    trigger: float | None = None
    acquisition: int | None = None
    clock: float | None = None
    resolution: float | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """One frame of one file: a slice or a picture.

    Attributes:
        file: The file that holds it.
        number: Counted from 1.
        position: Of the centre of its first pixel, in mm, LPS; None for pictures.
        orientation: Unit vectors along its rows and down its columns, LPS.
        spacing: Distance of rows and of columns in mm, in this order.
        thickness: Of the slice in mm.
        slope: Stored values times this ...
        intercept: ... plus this are the values.
        moment: When it was taken.
        contrast: What else may tell it from a frame at the same place, by name.
    """

    file: DicomFile
    number: int = 1
    position: Vector | None = None
    orientation: tuple[Vector, Vector] | None = None
    spacing: tuple[float, float] | None = None
    thickness: float | None = None
    slope: float = 1.0
    intercept: float = 0.0
    moment: Moment = Moment()
    contrast: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Header:
    """One DICOM image file.

    Attributes:
        file: Where it is.
        series_uid: Series Instance UID.
        modality: What the file states.
        modality_code: The same in the file's own code, such as ``CT``.
        pixels: How its pixels are stored.
        frames: In their order in the file.
        in_time: Whether frames without position are time points.
        frame_seconds: Time between them where it is stated.
        has_table: Whether a table (Modality LUT) turns stored values into values.
        notes: On the spacing of a picture.
    """

    file: DicomFile
    series_uid: str
    modality: ModalityStatement
    modality_code: str
    pixels: PixelFormat
    frames: tuple[Frame, ...]
    in_time: bool = False
    frame_seconds: float | None = None
    has_table: bool = False
    notes: tuple[Flag, ...] = ()


#: The least that a compressed frame takes: the header of its item and some bytes in it.
_SMALLEST_FRAME = 16


def refuse_impossible(file: DicomFile, capacity: int, pixels: PixelFormat, frames: int) -> None:
    """Refuse more pixels than a file can hold.

    Args:
        file: For the message.
        capacity: Bytes that the file has, or can have once it is inflated.
        pixels: How its pixels are stored.
        frames: How many frames it announces.

    Raises:
        DataError: The header announces more.
    """
    least = _SMALLEST_FRAME if pixels.encapsulated else pixels.frame_bytes
    if pixels.photometric.startswith("YBR_FULL_4") and not pixels.encapsulated:
        least //= 2  # at least two of four pixels share their colour
    refuse_cut_off(file.path, found_bytes=capacity, expected_bytes=least * frames)


def refuse_odd_pixels(file: DicomFile, pixels: PixelFormat, frames: int) -> None:
    """Refuse what no image of this project can be made of.

    Raises:
        DataError: No pixels, an unknown colour space, or bits that do not fit together.
    """
    grey = pixels.photometric in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
    colour = pixels.photometric == "RGB" or pixels.photometric.startswith("YBR_")
    fits = pixels.samples == (1 if grey else 3)
    if not ((grey or colour) and fits):
        raise DataError(
            file,
            found=f"{counted(pixels.samples, 'value')} per pixel in the colour space "
            f"{pixels.photometric!r}",
            expected="grey, palette, RGB or YBR pixels",
            remedy="export it again in one of these",
        )
    if min(pixels.rows, pixels.columns, frames) < 1 or not (
        1 <= pixels.bits_stored <= pixels.bits_allocated <= 64
    ):
        raise DataError(
            file,
            found=f"{counted(frames, 'frame')} of {pixels.columns} x {pixels.rows} pixels with "
            f"{pixels.bits_stored} of {pixels.bits_allocated} bits",
            expected="at least one frame and pixel of 1 to 64 bits",
            remedy="export it again: its header is damaged",
        )
