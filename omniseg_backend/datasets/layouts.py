"""Recognising how a data set is laid out."""

from __future__ import annotations

from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.reading import reading_errors
from omniseg_backend.datasets.isic_layout import is_isic, open_isic
from omniseg_backend.datasets.nnunet_layout import is_nnunet, open_nnunet
from omniseg_backend.datasets.paired_layout import is_paired, open_paired, refuse_unpaired
from omniseg_backend.datasets.problems import listed
from omniseg_backend.datasets.records import Dataset

_EXPECTED = "the folder of a data set"


def open_dataset(folder: Path) -> Dataset:
    """Open a data set in any of the known layouts.

    Known are nnU-Net v2 raw (``dataset.json``), the ISIC challenges' layout, and folders
    ``images`` and ``masks`` (or ``labels``), with or without ``train`` and ``test`` above them.
    Only names are looked at, and the masks where nothing names the classes; ``check_dataset``
    reads every image.

    Args:
        folder: The data set's folder.

    Raises:
        DataError: The folder cannot be read, has no known layout, or lacks files that its
            layout demands.
    """
    folder = Path(folder)
    described = _described(folder)
    return open_paired(folder) if described is None else described


def open_by_names(folder: Path) -> Dataset | None:
    """Open a data set as far as the names of its files tell, for who cannot wait for its masks.

    Args:
        folder: The data set's folder.

    Returns:
        The data set; None for paired folders, where only images and masks tell channels and
        classes.

    Raises:
        DataError: As ``open_dataset``, for what names show.
    """
    folder = Path(folder)
    described = _described(folder)
    if described is None:
        refuse_unpaired(folder)
    return described


def _described(folder: Path) -> Dataset | None:
    """The data set whose layout says what it holds; None for paired folders, which do not."""
    with reading_errors(folder, expected=_EXPECTED):
        if not folder.is_dir():
            raise DataError(
                folder,
                found="a file" if folder.exists() else "nothing",
                expected=_EXPECTED,
                remedy="check the path",
            )
        present = sorted(path.name for path in folder.iterdir())
    if is_nnunet(folder):
        return open_nnunet(folder)
    if is_isic(folder):
        return open_isic(folder)
    if is_paired(folder):
        return None
    raise DataError(
        folder,
        found=listed(present) if present else "an empty folder",
        expected="dataset.json with imagesTr and labelsTr (nnU-Net v2), or images with masks or "
        "labels, or ISIC_NNNNNNN.jpg with ISIC_NNNNNNN_segmentation.png",
        remedy="arrange the files in one of these ways",
    )
