"""From stored DICOM values to the values that an image holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.dicom_header import Frame, Header, PixelFormat
from omniseg_backend.images.modality import Modality

#: Slopes and intercepts beyond this are not kept in integers, whose range would overflow.
_LARGEST_WHOLE = 2.0**31


def value_type(headers: Sequence[Header]) -> np.dtype[np.generic]:
    """The type that holds the values of a whole series.

    Whole numbers stay whole: a CT of 12 bits with slope 1 and intercept -1024 becomes int16.
    Slopes that are not whole give float32 for stored values of up to 16 bits, else float64.
    Colours of a palette take the bits of its table.
    """
    types = [_type_of(header) for header in headers]
    if all(kind.kind in "iu" for kind in types):
        return np.result_type(*types)
    return np.result_type(np.float32, *types)


def to_values(
    header: Header, frame: Frame, dataset: pydicom.Dataset, stored: NDArray[np.generic]
) -> NDArray[np.generic]:
    """The values of one frame.

    Args:
        header: Of its file.
        frame: Its slope and intercept.
        dataset: The file, for its tables.
        stored: Shape (rows, columns) or (rows, columns, 3).

    Returns:
        Shape (rows, columns) or, for colours, (rows, columns, 3); scaled values as float64.
    """
    pixels = header.pixels
    if pixels.is_palette:
        return _colours(header, dataset, stored)
    if pixels.samples > 1:
        return stored
    if header.has_table:
        values = apply_modality_lut(stored, dataset)
        return _table_top(dataset) - values if _is_inverted(header) else values
    if _is_inverted(header):
        lowest, highest = (0, 0) if pixels.real else pixels.stored_range
        stored = _flip(stored, lowest + highest)
    if (frame.slope, frame.intercept) == (1.0, 0.0):
        return stored
    return stored.astype(np.float64) * frame.slope + frame.intercept


def _colours(
    header: Header, dataset: pydicom.Dataset, indices: NDArray[np.generic]
) -> NDArray[np.generic]:
    """Colours of a palette: uint8, or uint16 where the table has more than 8 bits."""
    colours = apply_color_lut(indices, dataset)[..., :3]
    kind = _palette_type(header.pixels)
    if colours.max() > np.iinfo(kind).max:
        raise DataError(
            header.file,
            found=f"palette entries of more than {header.pixels.palette_bits} bits",
            expected="a palette as its descriptor says",
            remedy="export the image again from the scanner or archive",
        )
    return colours.astype(kind)


def _palette_type(pixels: PixelFormat) -> np.dtype[np.unsignedinteger]:
    return np.dtype(np.uint8 if pixels.palette_bits <= 8 else np.uint16)


def _type_of(header: Header) -> np.dtype[np.generic]:
    pixels = header.pixels
    if header.has_table:
        return np.dtype(np.uint16)
    if pixels.is_palette:
        return _palette_type(pixels)
    if pixels.samples > 1:
        return _stored_type(pixels)
    if pixels.real:
        return np.dtype(f"f{pixels.bits_allocated // 8}")
    ranges = [_scaled_range(pixels, frame) for frame in header.frames]
    if None in ranges:
        return np.dtype(np.float32 if pixels.bits_allocated <= 16 else np.float64)
    stored = _stored_type(pixels)
    ends = [stored_end for found in ranges if found is not None for stored_end in found]
    lowest, highest = min(ends), max(ends)
    for kind in (stored, np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.int64)):
        limits = np.iinfo(kind)
        if limits.min <= lowest and highest <= limits.max:
            return kind
    return np.dtype(np.float64)


def _stored_type(pixels: PixelFormat) -> np.dtype[np.integer]:
    width = next(bits for bits in (8, 16, 32, 64) if bits >= pixels.bits_allocated)
    return np.dtype(f"{'int' if pixels.signed else 'uint'}{width}")


def _scaled_range(pixels: PixelFormat, frame: Frame) -> tuple[int, int] | None:
    """The range of whole values; None where a value is not whole."""
    slope, intercept = frame.slope, frame.intercept
    if slope != int(slope) or intercept != int(intercept):
        return None
    if max(abs(slope), abs(intercept)) > _LARGEST_WHOLE:
        return None
    ends = sorted(int(slope) * end + int(intercept) for end in pixels.stored_range)
    return ends[0], ends[1]


def _is_inverted(header: Header) -> bool:
    """Whether white is stored as the lowest value, and the values have no meaning of their own.

    MONOCHROME1 tells how to show values. Hounsfield units stay what they are; brightness is
    turned, so that bright means the same in every image.
    """
    return header.pixels.photometric == "MONOCHROME1" and header.modality.value is not Modality.CT


def _flip(stored: NDArray[np.generic], total: int) -> NDArray[np.generic]:
    if stored.dtype.kind == "f":
        return total - stored
    # Within the range of its own type: bits above those in use are zero or the sign.
    return (total - stored.astype(np.int64)).astype(stored.dtype)


def _table_top(dataset: pydicom.Dataset) -> int:
    """The largest value of a table's entries."""
    bits = int(dataset.ModalityLUTSequence[0].LUTDescriptor[2])
    if not 8 <= bits <= 16:
        raise DataError(
            "Modality LUT",
            found=f"entries of {bits} bits",
            expected="8 to 16 bits",
            remedy="export the image again from the scanner or archive",
        )
    return int(2**bits - 1)
