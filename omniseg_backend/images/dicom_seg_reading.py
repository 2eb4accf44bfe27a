"""Reading DICOM segmentations, ours and other programs', as label maps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels.utils import iter_pixels

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.checks import refuse_larger_than_memory
from omniseg_backend.images.classes import ClassEntry
from omniseg_backend.images.dicom_dataset import read_dataset
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.dicom_seg_classes import classes_of_segments
from omniseg_backend.images.dicom_seg_grid import grid_of, irregular, slice_of
from omniseg_backend.images.dicom_seg_source import plane_affine, quietly
from omniseg_backend.images.dicom_seg_writing import (
    RECORD_CREATOR,
    RECORD_ELEMENT,
    RECORD_GROUP,
)
from omniseg_backend.images.dicom_tags import PYDICOM_ERRORS
from omniseg_backend.images.formats import LabelFile
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.records import GeometryRecord, SegmentationRecord, parse_record

#: SOP classes: Segmentation, Label Map Segmentation.
SEGMENTATION_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")


@dataclasses.dataclass(frozen=True)
class _Frame:
    """One stored frame: a segment's number, or None in a label map, and where it lies."""

    segment: int | None
    affine: NDArray[np.float64] | None


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
        _refuse_other_kinds(dataset, path)
        try:
            frames = _frames(dataset)
            classes = classes_of_segments(dataset, path)
            in_plane = (int(dataset.Columns), int(dataset.Rows))
        except PYDICOM_ERRORS as error:
            raise _damaged(path, error) from error
        record = _own_record(dataset, classes, path)
        grid = _grid(record, frames, in_plane, dataset, path)
        refuse_larger_than_memory(path, int(np.prod(grid.shape)) * 2)
        # Our values may be any; other programs' are their segments' numbers.
        entries = record.classes if record else classes
        values = {entry.value: own.value for entry, own in zip(classes, entries, strict=True)}
        labels = _collect(dataset, path, frames, grid, values)
    record = SegmentationRecord(
        geometry=GeometryRecord.of(grid),
        classes=entries,
        provenance=record.provenance if record else None,
    )
    return LabelFile(labels, grid, record=record.model_dump_json())


def _refuse_other_kinds(dataset: pydicom.Dataset, path: Path) -> None:
    kind = dataset.get("SegmentationType", "BINARY")
    if dataset.get("SOPClassUID") not in SEGMENTATION_CLASSES:
        raise DataError(
            path,
            found=f"a DICOM object of the modality {dataset.get('Modality', 'unknown')!r}",
            expected="a DICOM segmentation",
            remedy="pass the segmentation and not the image",
        )
    if kind not in ("BINARY", "LABELMAP"):
        raise DataError(
            path,
            found=f"a segmentation of the type {kind}",
            expected="BINARY or LABELMAP: fractions are no labels",
            remedy="threshold it in the program that made it",
        )


def _frames(dataset: pydicom.Dataset) -> list[_Frame]:
    shared = dataset.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()]
    labelled = dataset.get("SegmentationType") == "LABELMAP"
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    if len(groups) != int(dataset.get("NumberOfFrames", 1)):
        raise ValueError("frames and functional groups differ in number")
    frames = []
    for number, group in enumerate(groups, 1):
        identity = group.get("SegmentIdentificationSequence") or shared[0].get(
            "SegmentIdentificationSequence"
        )
        segment = None if labelled else int(identity[0].ReferencedSegmentNumber)
        frames.append(_Frame(segment, plane_affine(dataset, number)))
    return frames


def _own_record(
    dataset: pydicom.Dataset, classes: tuple[ClassEntry, ...], path: Path
) -> SegmentationRecord | None:
    """The record that this project's writer left, unless another program edited the segments."""
    try:
        text = dataset.private_block(RECORD_GROUP, RECORD_CREATOR)[RECORD_ELEMENT].value
    except KeyError:
        return None
    record = parse_record(str(text), path)
    if not isinstance(record, SegmentationRecord):
        return None
    same = [entry.name for entry in record.classes] == [entry.name for entry in classes]
    return record if same else None


def _grid(
    record: SegmentationRecord | None,
    frames: list[_Frame],
    in_plane: tuple[int, int],
    dataset: pydicom.Dataset,
    path: Path,
) -> Geometry:
    """The recorded grid where the frames still lie on it, and otherwise their own."""
    affines = [frame.affine for frame in frames if frame.affine is not None]
    if record is not None and record.geometry.shape[:2] == in_plane:
        stated = record.geometry
        grid = Geometry(stated.shape, np.array(stated.affine), stated.unit, stated.dimensions)
        if all(slice_of(affine, grid) is not None for affine in affines):
            return grid
    if not affines:
        segments = [frame.segment for frame in frames]
        if len(set(segments)) < len(segments):
            raise irregular(path, "several frames of one segment without positions")
        return Geometry.of_picture(*in_plane)
    if len(affines) < len(frames):
        raise irregular(path, "frames with and without a position")
    return grid_of(affines, in_plane, dataset, path)


def _collect(
    dataset: pydicom.Dataset,
    path: Path,
    frames: list[_Frame],
    grid: Geometry,
    values: dict[int, int],
) -> NDArray[np.unsignedinteger]:
    """Labels of shape (1, i, j, k)."""
    largest = max(values.values(), default=0)
    labels = np.zeros(grid.shape, np.uint8 if largest < 256 else np.uint16)
    table = np.zeros(max(values, default=0) + 1, labels.dtype)
    table[list(values)] = list(values.values())
    filled: set[tuple[int, int | None]] = set()
    for frame, pixels in zip(frames, _pixels(dataset, path), strict=True):
        k = 0 if frame.affine is None else slice_of(frame.affine, grid)
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
        numbers = pixels if frame.segment is None else (pixels > 0) * np.uint16(frame.segment)
        _refuse_unknown(numbers, values, path)
        _add(labels[:, :, k], table[numbers].T, path)
    return labels[np.newaxis]


def _refuse_unknown(
    numbers: NDArray[np.unsignedinteger], values: dict[int, int], path: Path
) -> None:
    found = np.flatnonzero(np.bincount(numbers.ravel()))
    unknown = [int(number) for number in found if number and int(number) not in values]
    if unknown:
        raise DataError(
            path,
            found=f"voxels of segment {unknown[0]}, which is not described",
            expected=f"the segments {sorted(values)}",
            remedy="export the segmentation again",
        )


def _add(plane: NDArray[np.unsignedinteger], new: NDArray[np.unsignedinteger], path: Path) -> None:
    both = (plane > 0) & (new > 0)
    if both.any():
        first, second = int(plane[both][0]), int(new[both][0])
        raise DataError(
            path,
            found=f"segments {first} and {second} overlapping in {int(both.sum())} pixels",
            expected="segments that exclude each other: a label map holds one class per voxel",
            remedy="part them in the program that made the file",
        )
    np.maximum(plane, new, out=plane)


def _pixels(dataset: pydicom.Dataset, path: Path) -> Iterator[NDArray[np.unsignedinteger]]:
    """Frame by frame: shape (rows, columns)."""
    try:
        if dataset.BitsAllocated == 1 and not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            yield from _bits(dataset)
        else:
            yield from iter_pixels(dataset, raw=True)
    except PYDICOM_ERRORS as error:
        raise _damaged(path, error) from error


def _bits(dataset: pydicom.Dataset) -> Iterator[NDArray[np.uint8]]:
    """Frames that are packed bit after bit.

    They need not begin at whole bytes, which pydicom 3.0's reading by frames takes for granted;
    its reading of all frames at once would take 8 GB for a hundred organs in 300 slices.
    """
    packed = np.frombuffer(dataset.PixelData, np.uint8)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    size = rows * columns
    for number in range(int(dataset.get("NumberOfFrames", 1))):
        first, last = number * size, (number + 1) * size
        bits = np.unpackbits(packed[first // 8 : -(-last // 8)], bitorder="little")
        yield bits[first % 8 :][:size].reshape(rows, columns)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        path,
        found=f"a DICOM segmentation that cannot be decoded ({type(error).__name__})",
        expected="the frames that its header announces",
        remedy="export or copy it again",
    )
