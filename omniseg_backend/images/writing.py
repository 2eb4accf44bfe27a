"""Writing images and segmentations: NIfTI for any grid, PNG for single pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from omniseg_backend.common.atomic import atomic_path, refuse_existing, refuse_unwritable
from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation

_NIFTI = (".nii", ".nii.gz")
_PNG = (".png",)


def check_target(path: str | Path, image: Image, classes: ClassTable, *, overwrite: bool) -> None:
    """Refuse early what ``write_segmentation`` would refuse after minutes of work.

    Args:
        path: Where the segmentation is to go.
        image: What it will be of.
        classes: What it will distinguish.
        overwrite: Whether existing files may be replaced.

    Raises:
        DataError: A file exists, the place cannot be written, or the format is unknown or
            cannot hold the segmentation.
    """
    path = Path(path)
    refuse_unwritable(path)
    if _has_suffix(path, _NIFTI):
        from omniseg_backend.images.records import sidecar_path

        for target in (path, sidecar_path(path)):
            refuse_existing(target, overwrite=overwrite)
        return
    if not _has_suffix(path, _PNG):
        raise _unknown_suffix(path)
    from omniseg_backend.images import png_writing

    refuse_existing(path, overwrite=overwrite)
    shape = (image.frames, *image.geometry.shape)
    empty = np.broadcast_to(np.zeros((), np.uint8), shape)  # one byte, whatever the shape
    png_writing.picture_of_labels(Segmentation(empty, image.geometry, classes), path)


def write_segmentation(
    segmentation: Segmentation, path: str | Path, *, overwrite: bool = False
) -> list[Path]:
    """Write labels with their geometry, class table and provenance.

    * ``.nii``, ``.nii.gz``: uint8 or uint16 on the image's grid, time as the 4th axis, and a
      sidecar ``NAME.json`` with the class table and provenance for people and other programs.
    * ``.png``: an indexed 8-bit picture whose palette holds the classes' colours and whose
      indices are the labels; for single pictures with labels up to 255.

    Nothing is left behind and nothing is replaced unless all of it was written.

    Args:
        segmentation: What to write.
        path: Where; the suffix chooses the format.
        overwrite: Whether existing files may be replaced.

    Returns:
        The files written, the labels first.

    Raises:
        DataError: A file exists, the place cannot be written, or the format cannot hold it.
        ResourceError: The disk is full.
    """
    path = Path(path)
    if _has_suffix(path, _NIFTI):
        from omniseg_backend.images.nifti_writing import save_labels
        from omniseg_backend.images.records import SegmentationRecord, sidecar_path

        sidecar = sidecar_path(path)
        for target in (path, sidecar):
            refuse_existing(target, overwrite=overwrite)
        record = SegmentationRecord.of(segmentation).model_dump_json(indent=2)
        # The labels, by far the larger file, are in place before the sidecar is renamed.
        with atomic_path(sidecar) as temporary_sidecar:
            temporary_sidecar.write_text(f"{record}\n", encoding="utf-8")
            with atomic_path(path) as temporary:
                save_labels(segmentation, temporary)
        return [path, sidecar]
    if _has_suffix(path, _PNG):
        from omniseg_backend.images import png_writing

        refuse_existing(path, overwrite=overwrite)
        picture = png_writing.picture_of_labels(segmentation, path)
        with atomic_path(path) as temporary:
            png_writing.save(picture, temporary)
        return [path]
    raise _unknown_suffix(path)


def write_image(image: Image, path: str | Path, *, overwrite: bool = False) -> list[Path]:
    """Write an image with its geometry, channel names and stated modality.

    * ``.nii``, ``.nii.gz``: (i, j, k), with time as the 4th axis and channels as the 5th; the
      voxel type is kept.
    * ``.png``: single pictures, 8-bit or 16-bit grey, or 8-bit RGB.

    Args:
        image: What to write.
        path: Where; the suffix chooses the format.
        overwrite: Whether an existing file may be replaced.

    Returns:
        The file written, as a list like that of ``write_segmentation``.

    Raises:
        DataError: The file exists, the place cannot be written, or the format cannot hold it.
        ResourceError: The disk is full.
    """
    path = Path(path)
    refuse_existing(path, overwrite=overwrite)
    if _has_suffix(path, _NIFTI):
        from omniseg_backend.images.nifti_writing import save_image

        with atomic_path(path) as temporary:
            save_image(image, temporary)
        return [path]
    if _has_suffix(path, _PNG):
        from omniseg_backend.images import png_writing

        picture = png_writing.picture_of_image(image, path)
        with atomic_path(path) as temporary:
            png_writing.save(picture, temporary)
        return [path]
    raise _unknown_suffix(path)


def _has_suffix(path: Path, suffixes: tuple[str, ...]) -> bool:
    name = path.name.lower()
    return name.endswith(suffixes) and name not in suffixes


def _unknown_suffix(path: Path) -> DataError:
    return DataError(
        path,
        found=f"the suffix {path.suffix!r}",
        expected=f"one of {', '.join((*_NIFTI, *_PNG))}",
        remedy="choose another name for the output",
    )
