"""Reading DICOM: one file, an enhanced file, or the series in a folder or a zip archive.

Nothing of the patient's identity is taken from the files: the image is named after its file or
folder, and messages name elements and never repeat what people typed into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.reading import reading_errors
from omniseg_backend.images.checks import refuse_non_finite
from omniseg_backend.images.dicom_dataset import read_dataset
from omniseg_backend.images.dicom_files import DicomFile, dicom_files
from omniseg_backend.images.dicom_geometry import arrange
from omniseg_backend.images.dicom_kinds import is_segmentation
from omniseg_backend.images.dicom_pixels import decode, refuse_mixed_pixels
from omniseg_backend.images.dicom_series import read_series
from omniseg_backend.images.dicom_source import DicomPlane, DicomSource
from omniseg_backend.images.dicom_tags import Tags
from omniseg_backend.images.formats import LabelFile
from omniseg_backend.images.image import Image


def load_image(path: Path) -> Image:
    """Read a DICOM file, or the only series of a folder or zip archive.

    Raises:
        DataError: As ``load_series``.
        ResourceError: It does not fit into memory.
    """
    return load_series(path)


def load_series(path: Path, series_uid: str | None = None) -> Image:
    """Read one DICOM series as one image.

    Args:
        path: A file, a folder or a zip archive.
        series_uid: Which series, where there are several.

    Returns:
        Slices sorted along their normal on an affine that is exact, sheared ones too; the
        time axis of slices that repeat their place; values after the modality's rescale or
        table, as RGB for palettes and YBR; brightness turned for MONOCHROME1 but for CT.
        ``source`` says which frame each slice is.

    Raises:
        DataError: There is no image, there are several series, or the files form no image:
            slices missing, mixed, doubled or of different sizes.
        ResourceError: It does not fit into memory.
        UsageError: There is no series of this name.
    """
    with dicom_files(path) as files:
        return _load(path, files, series_uid)


def load_listed(path: Path, files: Sequence[Path]) -> Image:
    """Read the series that these files form; what lies beside them is not looked at.

    Args:
        path: The folder that the image is named after.
        files: All of one series.

    Raises:
        DataError: As ``load_series``.
        ResourceError: It does not fit into memory.
    """
    with reading_errors(path, expected="the files of a series"):
        listed = [DicomFile(file, file.stat().st_size) for file in files]
    return _load(path, listed, None)


def _load(path: Path, files: list[DicomFile], series_uid: str | None) -> Image:
    headers = read_series(path, files, series_uid)
    refuse_mixed_pixels(path, headers)
    arrangement = arrange(path, headers)
    array = decode(path, headers, arrangement)
    refuse_non_finite(path, array)
    frames = [frame for row in arrangement.frames for frame in row]
    return Image(
        array=array,
        geometry=arrangement.geometry,
        channel_names=("R", "G", "B") if array.shape[1] == 3 else ("intensity",),
        modality=headers[0].modality,
        name=path.name or path.resolve().name,
        has_time=arrangement.has_time,
        frame_seconds=arrangement.frame_seconds,
        notes=arrangement.notes,
        source=DicomSource(
            series_uid=headers[0].series_uid,
            planes=tuple(
                DicomPlane(frame.file.path, frame.number, frame.file.member) for frame in frames
            ),
        ),
    )


def load_labels(path: Path) -> LabelFile:
    """Read a DICOM segmentation; see ``dicom_seg_reading``.

    Raises:
        DataError: It is a folder, an archive or no segmentation, or no label map can hold it.
        ResourceError: It does not fit into memory.
    """
    if path.is_dir() or path.suffix.lower() == ".zip":
        raise DataError(
            path,
            found="a folder or archive",
            expected="one file with a DICOM segmentation, or a label map in another format",
            remedy="name the segmentation's file",
        )
    # highdicom takes a second to import, and images need it not.
    from omniseg_backend.images.dicom_seg_reading import load_labels as load_segments

    return load_segments(path)


def holds_labels(path: Path) -> bool:
    """Whether it is one file with a DICOM segmentation (SEG).

    Raises:
        DataError: The header is damaged.
    """
    if path.is_dir() or path.suffix.lower() == ".zip":
        return False
    file = DicomFile(path, path.stat().st_size)
    return is_segmentation(Tags(read_dataset(file, pixels=False), file))
