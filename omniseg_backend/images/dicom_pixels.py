"""Decoding the frames of an arranged DICOM series into one array."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.platform import available_memory
from omniseg_backend.images.checks import refuse_cut_off, refuse_larger_than_memory
from omniseg_backend.images.dicom_codestream import announced_size
from omniseg_backend.images.dicom_dataset import read_dataset
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.dicom_geometry import Arrangement
from omniseg_backend.images.dicom_header import Frame, Header
from omniseg_backend.images.dicom_tags import PYDICOM_ERRORS, quiet_pydicom
from omniseg_backend.images.dicom_values import to_values, value_type

#: Copies of a frame while it is decoded and scaled, the latter in float64.
_WORKING_BYTES = 4 * 8
_PIXEL_DATA = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


@dataclasses.dataclass(frozen=True)
class _Slot:
    """Where a frame goes."""

    time: int
    k: int
    frame: Frame


def refuse_mixed_pixels(path: Path, headers: Sequence[Header]) -> None:
    """Refuse files that do not have pixels of one size and kind.

    Raises:
        DataError: They differ; the message counts.
    """
    sizes = collections.Counter(
        f"{h.pixels.columns} x {h.pixels.rows}{' in colour' if h.pixels.channels > 1 else ''}"
        for h in headers
    )
    if len(sizes) > 1:
        shown = ", ".join(f"{count} of {size}" for size, count in sizes.most_common(4))
        raise DataError(
            path,
            found=f"slices of different sizes: {shown}",
            expected="slices of one size",
            remedy="keep only the files that belong together, or export the series anew",
        )


def decode(
    path: Path,
    headers: Sequence[Header],
    arrangement: Arrangement,
    *,
    available: Callable[[], int] = available_memory,
) -> NDArray[np.generic]:
    """Decode a series.

    Args:
        path: The series, for messages.
        headers: Of its files.
        arrangement: Which frame is which slice and time point.
        available: Says how many bytes of memory are free.

    Returns:
        Shape (time, channel, i, j, k).

    Raises:
        DataError: A file is damaged, or compressed in a way that cannot be decoded.
        ResourceError: It does not fit into memory; nothing was decoded then.
    """
    pixels = headers[0].pixels
    times, slices = len(arrangement.frames), len(arrangement.frames[0])
    shape = (times, pixels.channels, slices, pixels.rows, pixels.columns)
    dtype = value_type(headers)
    largest = max(header.file.size for header in headers)
    working = pixels.rows * pixels.columns * pixels.channels * _WORKING_BYTES
    refuse_larger_than_memory(
        path,
        int(np.prod(shape, dtype=np.float64)) * dtype.itemsize + largest + working,
        smaller="read a part: a folder with fewer slices or time points",
        available=available,
    )
    by_file: dict[int, list[_Slot]] = collections.defaultdict(list)
    for time, row in enumerate(arrangement.frames):
        for k, frame in enumerate(row):
            by_file[id(frame.file)].append(_Slot(time, k, frame))
    array = np.empty(shape, dtype)
    for header in headers:
        slots = sorted(by_file[id(header.file)], key=lambda slot: slot.frame.number)
        for slot, values in zip(slots, _frames(header, slots), strict=True):
            planes = values[..., np.newaxis] if values.ndim == 2 else values
            array[slot.time, :, slot.k] = planes.transpose(2, 0, 1)
    return array.transpose(0, 1, 4, 3, 2)


def _frames(header: Header, slots: Sequence[_Slot]) -> Iterator[NDArray[np.generic]]:
    """The values of the slots' frames, in their order."""
    dataset = read_dataset(header.file, pixels=True)
    expected: tuple[int, ...] = (header.pixels.rows, header.pixels.columns)
    if header.pixels.samples > 1:
        expected = (*expected, header.pixels.samples)
    with quiet_pydicom():
        try:
            _refuse_false_sizes(header, dataset)
            decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
            indices = [slot.frame.number - 1 for slot in slots]
            stored = decoder.iter_array(dataset, indices=indices)
            for slot, (pixels, _) in zip(slots, stored, strict=True):
                if pixels.shape != expected:
                    raise _undecodable(header.file, f"a frame of shape {pixels.shape}")
                yield to_values(header, slot.frame, dataset, pixels)
        except PYDICOM_ERRORS as error:
            syntax = dataset.file_meta.TransferSyntaxUID
            raise _undecodable(
                header.file, f"pixels ({syntax.name}) that cannot be decoded"
            ) from error


def _refuse_false_sizes(header: Header, dataset: pydicom.Dataset) -> None:
    pixels = header.pixels
    if not pixels.encapsulated:
        if pixels.photometric in ("MONOCHROME1", "MONOCHROME2", "RGB"):
            stored = next((dataset[word].value for word in _PIXEL_DATA if word in dataset), b"")
            refuse_cut_off(
                header.file.path,
                found_bytes=len(stored),
                expected_bytes=pixels.frame_bytes * len(header.frames),
            )
        return
    for frame in generate_frames(dataset.PixelData, number_of_frames=len(header.frames)):
        size = announced_size(frame)
        if size is not None and size != (pixels.rows, pixels.columns, pixels.samples):
            raise _undecodable(
                header.file,
                f"a compressed frame of {size.columns} x {size.rows} pixels with {size.samples} "
                f"values, where the header says {pixels.columns} x {pixels.rows} with "
                f"{pixels.samples}",
            )


def _undecodable(file: DicomFile, found: str) -> DataError:
    return DataError(
        file,
        found=found,
        expected="a complete image, uncompressed or as RLE, JPEG, JPEG-LS or JPEG 2000",
        remedy="export it again, uncompressed if the archive can",
    )
