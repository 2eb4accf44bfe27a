"""The headers of the series that a DICOM segmentation refers to, made fit for its writer.

highdicom copies position, patient and study from these headers. It takes only what the standard
promises, and scanners, anonymisers and archives promise less: the repairs here are made on
copies in memory and never on the files.
"""

from __future__ import annotations

import contextlib
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pydicom.config
from numpy.typing import NDArray
from pydicom.valuerep import format_number_as_ds

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.images.dicom_dataset import read_dataset
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.dicom_seg_grid import UNEVENNESS
from omniseg_backend.images.dicom_source import DicomSource
from omniseg_backend.images.dicom_tags import quiet_pydicom
from omniseg_backend.images.geometry import Geometry

#: RAS to LPS, in which DICOM states positions, and back.
_LPS = np.diag([-1.0, -1.0, 1.0])

#: Without these no object can refer to an image.
_NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Modality")

#: Functional groups that enhanced MR stores per frame and highdicom wants shared.
_SHARED = ("PlaneOrientationSequence", "PixelMeasuresSequence")


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Let pydicom and highdicom work without checks of values and without a word.

    Values copied from a source must stay as the hospital wrote them, whether or not they obey
    the standard; and what the libraries say quotes values, which may name the patient.
    """
    logger = logging.getLogger("highdicom")
    level = logger.level
    with quiet_pydicom(), pydicom.config.disable_value_validation():
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)


def read_headers(source: DicomSource, target: Path) -> list[pydicom.Dataset]:
    """The headers of a source's files, each file once, in the order of its planes.

    Args:
        source: The series.
        target: The segmentation that is to refer to it, for messages.

    Raises:
        DataError: A file is gone or damaged, or lacks what a reference needs.
    """
    headers = _read_files(list(dict.fromkeys((p.path, p.member) for p in source.planes)))
    for header in headers:
        missing = [keyword for keyword in _NEEDED if not header.get(keyword)]
        if missing:
            raise DataError(
                target,
                found=f"source images without {', '.join(missing)}",
                expected="DICOM images that a result can refer to",
                remedy="write .seg.nrrd or .nii.gz instead",
            )
    return headers


def _read_files(files: list[tuple[Path, str | None]]) -> list[pydicom.Dataset]:
    headers = []
    with contextlib.ExitStack() as opened:
        archives: dict[Path, zipfile.ZipFile] = {}
        for path, member in files:
            try:
                if member is not None and path not in archives:
                    archives[path] = opened.enter_context(zipfile.ZipFile(path))
                file = DicomFile(path, path.stat().st_size, member, archives.get(path))
                headers.append(read_dataset(file, pixels=False))
            except (OSError, KeyError, zipfile.BadZipFile) as error:
                raise DataError(
                    path,
                    found=f"a DICOM file that cannot be read again ({type(error).__name__})",
                    expected="the series from which the image was read",
                    remedy="put it back: a DICOM result refers to it; or write another format",
                ) from error
    return headers


def frame_indices(source: DicomSource, header: pydicom.Dataset) -> NDArray[np.intp]:
    """For each slice its place among the source's frames, as highdicom counts them.

    Args:
        source: The series.
        header: Its first file's header.
    """
    if is_multiframe(header):
        return np.array([plane.frame - 1 for plane in source.planes])
    return np.arange(len(source.planes))


def is_multiframe(header: pydicom.Dataset) -> bool:
    """Whether one file holds all frames, each with its own position."""
    return "PerFrameFunctionalGroupsSequence" in header


def refuse_other_grid(
    geometry: Geometry, source: DicomSource, headers: list[pydicom.Dataset], target: Path
) -> None:
    """Refuse labels that do not lie on their source images' pixels.

    Raises:
        GeometryError: A slice's corner lies half a voxel or more from where its image lies,
            beyond what uneven slices lie off their even grid.
    """
    if geometry.dimensions == 2:
        return  # a picture, even of a slice with a position, has no place of its own
    tolerance = 0.5 * min(geometry.spacing) + UNEVENNESS * geometry.spacing[2]
    columns, rows, _ = geometry.shape
    corners = np.array([(0, 0), (columns - 1, 0), (0, rows - 1)])
    for k, plane in enumerate(source.planes):
        header = headers[0] if is_multiframe(headers[0]) else headers[k]
        affine = plane_affine(header, plane.frame)
        if affine is None:
            return
        indices = np.column_stack([corners, np.full(3, k)])
        ours = (geometry.affine[:3, :3] @ indices.T).T + geometry.affine[:3, 3]
        theirs = (affine[:, :2] @ corners.T).T + affine[:, 2]
        distance = float(np.linalg.norm(ours - theirs, axis=1).max())
        if distance >= tolerance:
            raise GeometryError(
                target,
                found=f"slice {k + 1} lying {distance:.2f} mm from its source image",
                expected="labels on the pixels of the images they refer to",
                remedy="write a segmentation that was not moved or resampled since",
            )


def plane_affine(header: pydicom.Dataset, frame: int) -> NDArray[np.float64] | None:
    """Where a frame's pixels lie, or None where the header does not say.

    Args:
        header: Of a classic image or a multi-frame one.
        frame: Counted from 1.

    Returns:
        Shape (3, 3): the steps from column to column and from row to row and the first
        pixel's centre, as columns, in RAS millimetres.
    """
    groups = [header]
    if is_multiframe(header):
        frames = (header.PerFrameFunctionalGroupsSequence[frame - 1],)
        frames += tuple(header.get("SharedFunctionalGroupsSequence") or ())
        names = ("PlanePositionSequence", *_SHARED)
        groups = [group[name][0] for group in frames for name in names if group.get(name)]
    values = []
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        found = next((group.get(keyword) for group in groups if group.get(keyword)), None)
        if found is None:
            return None
        values.append(np.array(found, dtype=np.float64))
    position, cosines, (down, along) = values
    # DICOM names the distance of rows first and the direction along a row first.
    steps = np.column_stack([cosines[:3] * along, cosines[3:] * down, position])
    return np.asarray(_LPS @ steps, dtype=np.float64)


def make_regular(headers: list[pydicom.Dataset], geometry: Geometry) -> None:
    """Give headers in memory what highdicom expects of them and scanners leave out.

    * Orientations that differ in the last digits become the first one's.
    * A missing slice thickness becomes the distance of slices; a stated distance is often
      wrong and is replaced by the measured one.
    * Groups that every frame repeats become shared.

    Args:
        headers: Changed in place.
        geometry: Of the image, whose reader has checked that its slices are parallel.
    """
    first = headers[0]
    if is_multiframe(first):
        _share_groups(first)
        return
    if not first.get("ImageOrientationPatient") or not first.get("ImagePositionPatient"):
        # A picture: highdicom takes a frame of reference for a promise of positions.
        for header in headers:
            header.pop("ImagePositionPatient", None)
            header.pop("FrameOfReferenceUID", None)
        return
    distance = _slice_distance(geometry)
    if not first.get("SliceThickness"):
        first.SliceThickness = format_number_as_ds(distance)
    if len(headers) > 1:
        first.SpacingBetweenSlices = format_number_as_ds(distance)
    for header in headers:
        header.ImageOrientationPatient = first.ImageOrientationPatient
        header.pop("NumberOfFrames", None)


def _slice_distance(geometry: Geometry) -> float:
    """Distance of neighbouring slices along their normal, in mm, under a gantry tilt too."""
    axes = geometry.affine[:3, :3]
    normal = np.cross(axes[:, 0], axes[:, 1])
    return float(abs(axes[:, 2] @ normal) / np.linalg.norm(normal))


def _share_groups(header: pydicom.Dataset) -> None:
    if not header.get("SharedFunctionalGroupsSequence"):
        header.SharedFunctionalGroupsSequence = [pydicom.Dataset()]
    shared = header.SharedFunctionalGroupsSequence[0]
    first = header.PerFrameFunctionalGroupsSequence[0]
    for name in _SHARED:
        if name not in shared and name in first:
            setattr(shared, name, first[name].value)
