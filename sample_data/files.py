"""Writing phantoms: images and truths as the project's own files."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.common.atomic import atomic_path
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writing import write_segmentation
from omniseg_sample_data.family import PhantomFamily


def file_ending(family: PhantomFamily) -> str:
    """How the family's files end: ``.png`` for pictures, ``.nii.gz`` for volumes."""
    return ".png" if family.dimensions == 2 else ".nii.gz"


def write_truth(truth: Segmentation, path: Path) -> None:
    """Write a truth as one file, replacing it: an indexed PNG or a NIfTI without a sidecar.

    The class table stands inside the file; a sidecar would be one file too many for folders
    in which every file is a label.
    """
    if truth.geometry.dimensions == 2:
        write_segmentation(truth, path, overwrite=True)
        return
    from omniseg_backend.images.nifti_writing import save_labels

    with atomic_path(path) as temporary:
        save_labels(truth, temporary)
