"""Reading DICOM segmentations, ours and other programs', as label maps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels.utils import iter_pixels

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.checks import refuse_larger_than_memory
from omniseg_backend.images.dicom_dataset import read_dataset
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.dicom_seg_grid import grid_of, irregular, slice_of
from omniseg_backend.images.dicom_seg_header import (
    SegmentationHeader,
    damaged,
    read_segmentation_header,
)
from omniseg_backend.images.dicom_seg_source import quietly
from omniseg_backend.images.dicom_tags import PYDICOM_ERRORS
from omniseg_backend.images.formats import LabelFile
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.records import GeometryRecord, SegmentationRecord, parse_record


def load_labels(path: Path) -> LabelFile:
    """Read a binary or label-map segmentation.

    The grid is the source image's where this project wrote the file. Other programs leave
    out slices without a segment: then the grid reaches from the first slice stored to the last.

    Raises:
        DataError: It holds probabilities, overlapping segments, several frames of one segment
            at one place, or is damaged.
        GeometryError: Its frames do not lie on one regular grid.
        ResourceError: It does not fit into memory.
    """
    with quietly():
        dataset = read_dataset(DicomFile(path, path.stat().st_size), pixels=True)
        header = read_segmentation_header(dataset, path)
        record = _own_record(header, path)
        grid = _grid(header, record, path)
        refuse_larger_than_memory(path, 2 * math.prod(grid.shape))
        # Our values may be any; other programs' are their segments' numbers.
        entries = record.classes if record else header.classes
        pairs = zip(header.classes, entries, strict=True)
        values = {segment.value: entry.value for segment, entry in pairs}
        labels = _collect(dataset, header, grid, values, path)
    found = SegmentationRecord(
        geometry=GeometryRecord.of(grid),
        classes=entries,
        provenance=record.provenance if record else None,
    )
    return LabelFile(labels, grid, record=found.model_dump_json())


def _own_record(header: SegmentationHeader, path: Path) -> SegmentationRecord | None:
    """The record that this project's writer left, unless another program edited the segments."""
    record = parse_record(header.record, path)
    if not isinstance(record, SegmentationRecord):
        return None
    same = [entry.name for entry in record.classes] == [entry.name for entry in header.classes]
    return record if same else None


def _grid(header: SegmentationHeader, record: SegmentationRecord | None, path: Path) -> Geometry:
    """The recorded grid where the frames still lie on it, and otherwise their own."""
    affines = [frame.affine for frame in header.frames if frame.affine is not None]
    if record is not None and record.geometry.shape[:2] == header.in_plane:
        stated = record.geometry
        grid = Geometry(stated.shape, np.array(stated.affine), stated.unit, stated.dimensions)
        if _lie_on(affines, grid):
            return grid
    if not affines:
        segments = [frame.segment for frame in header.frames]
        if len(set(segments)) < len(segments):
            raise irregular(path, "several frames of one segment without positions")
        return Geometry.of_picture(*header.in_plane)
    if len(affines) < len(header.frames):
        raise irregular(path, "frames with and without a position")
    return grid_of(affines, header.in_plane, header.distance, path)


def _lie_on(affines: list[NDArray[np.float64]], grid: Geometry) -> bool:
    if grid.dimensions == 2:  # a picture has no place; its frames share one
        return all(np.array_equal(affine, affines[0]) for affine in affines)
    return all(slice_of(affine, grid) is not None for affine in affines)


def _collect(
    dataset: pydicom.Dataset,
    header: SegmentationHeader,
    grid: Geometry,
    values: dict[int, int],
    path: Path,
) -> NDArray[np.unsignedinteger]:
    """Labels of shape (1, i, j, k)."""
    largest = max(values.values())
    # Slice after slice in memory, as the frames come, and turned as a view at the end.
    stack = np.zeros(grid.shape[::-1], np.uint8 if largest < 256 else np.uint16)
    table = np.zeros(1 << 16, stack.dtype)
    table[list(values)] = list(values.values())
    filled: set[tuple[int, int | None]] = set()
    for frame, pixels in zip(header.frames, _pixels(dataset, header, path), strict=True):
        k = 0 if frame.affine is None or grid.dimensions == 2 else slice_of(frame.affine, grid)
        if k is None:
            raise irregular(path, "frames that lie on no common regular grid")
        if (k, frame.segment) in filled:
            raise DataError(
                path,
                found=f"two frames of one segment in slice {k + 1}",
                expected="one time point",
                remedy="export the time points apart",
            )
        filled.add((k, frame.segment))
        if frame.segment is None:
            _refuse_unknown(np.flatnonzero(np.bincount(pixels.ravel())), values, path)
            stack[k] = table[pixels]
            continue
        _refuse_unknown(np.array([frame.segment]), values, path)
        _add(stack[k], pixels > 0, table[frame.segment], path)
    return stack.transpose()[np.newaxis]


def _refuse_unknown(numbers: NDArray[np.intp], values: dict[int, int], path: Path) -> None:
    unknown = [int(number) for number in numbers if number and int(number) not in values]
    if unknown:
        raise DataError(
            path,
            found=f"voxels of segment {unknown[0]}, which is not described",
            expected=f"the segments {sorted(values)}",
            remedy="export the segmentation again",
        )


def _add(
    plane: NDArray[np.unsignedinteger],
    mask: NDArray[np.bool_],
    value: np.unsignedinteger,
    path: Path,
) -> None:
    both = plane[mask]
    if both.any():
        raise DataError(
            path,
            found=f"classes {both.max()} and {value} overlapping in {np.count_nonzero(both)} "
            "pixels of one slice",
            expected="segments that exclude each other: a label map holds one class per voxel",
            remedy="part them in the program that made the file",
        )
    plane[mask] = value


def _pixels(
    dataset: pydicom.Dataset, header: SegmentationHeader, path: Path
) -> Iterator[NDArray[np.unsignedinteger]]:
    """Frame by frame: shape (rows, columns)."""
    try:
        if header.packed:
            yield from _bits(dataset.PixelData, header)
        else:
            yield from iter_pixels(dataset, raw=True)
    except PYDICOM_ERRORS as error:
        raise damaged(path, error) from error


def _bits(content: bytes, header: SegmentationHeader) -> Iterator[NDArray[np.uint8]]:
    """Frames that are packed bit after bit.

    They need not begin at whole bytes, which pydicom 3.0's reading by frames takes for granted;
    its reading of all frames at once would take 8 GB for a hundred organs in 300 slices.
    """
    packed = np.frombuffer(content, np.uint8)
    columns, rows = header.in_plane
    size = rows * columns
    for number in range(len(header.frames)):
        first, last = number * size, (number + 1) * size
        bits = np.unpackbits(packed[first // 8 : -(-last // 8)], bitorder="little")
        yield bits[first % 8 :][:size].reshape(rows, columns)
