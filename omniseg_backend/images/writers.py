"""The file formats that can be written: their suffixes and their module.

A format is added by one more row of ``WRITERS`` and a module that satisfies ``LabelWriter``,
and ``ImageWriter`` where it holds images too.
"""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Protocol, cast

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation


class LabelWriter(Protocol):
    """What the module of a format offers for segmentations."""

    def check_labels(self, segmentation: Segmentation, target: Path) -> None:
        """Refuse what the format cannot hold.

        Called before a run too, when the labels are not known yet and all zero: grid, frames,
        classes and source decide.

        Args:
            segmentation: What is to be written.
            target: For the message.
        """

    def save_labels(self, segmentation: Segmentation, path: Path) -> None:
        """Write a segmentation that ``check_labels`` let pass to ``path``, a temporary name."""


class ImageWriter(Protocol):
    """What the module of a format offers for images."""

    def check_image(self, image: Image, target: Path) -> None:
        """Refuse what the format cannot hold.

        Called before a run too, when the voxels are not known yet and all zero.
        """

    def save_image(self, image: Image, path: Path) -> None:
        """Write an image that ``check_image`` let pass to ``path``, a temporary name."""


@dataclasses.dataclass(frozen=True)
class Writer:
    """One row of the table.

    Attributes:
        suffixes: Lower-case endings of file names.
        module: Dotted name of its module; imported when a file is written.
        images: Whether it holds images, or segmentations only.
        sidecar: Whether a JSON file beside a segmentation says what its format cannot.
    """

    suffixes: tuple[str, ...]
    module: str
    images: bool = True
    sidecar: bool = False

    def for_labels(self) -> LabelWriter:
        """Import the module; slow libraries are loaded here and not earlier."""
        return cast(LabelWriter, importlib.import_module(self.module))

    def for_images(self) -> ImageWriter:
        """Import the module of a format that holds images."""
        return cast(ImageWriter, importlib.import_module(self.module))


WRITERS: tuple[Writer, ...] = (
    Writer((".nii", ".nii.gz"), "omniseg_backend.images.nifti_writing", sidecar=True),
    Writer((".png",), "omniseg_backend.images.png_writing"),
    Writer((".seg.nrrd",), "omniseg_backend.images.seg_nrrd_writing", images=False),
    Writer((".nrrd",), "omniseg_backend.images.nrrd_writing"),
    Writer((".mha",), "omniseg_backend.images.metaimage_writing", sidecar=True),
    Writer((".ome.tif", ".ome.tiff", ".tif", ".tiff"), "omniseg_backend.images.tiff_writing"),
    Writer((".dcm",), "omniseg_backend.images.dicom_seg_writing", images=False),
)


def label_writer(path: Path) -> Writer:
    """The row for a segmentation named ``path``.

    Raises:
        DataError: No format that can be written has this suffix.
    """
    return _row(path, WRITERS, "a format for segmentations")


def image_writer(path: Path) -> Writer:
    """The row for an image named ``path``.

    Raises:
        DataError: No format that holds images has this suffix.
    """
    return _row(path, tuple(row for row in WRITERS if row.images), "a format for images")


def _row(path: Path, rows: tuple[Writer, ...], purpose: str) -> Writer:
    name = path.name.lower()
    known = tuple(suffix for row in WRITERS for suffix in row.suffixes)
    longest = max((s for s in known if name.endswith(s) and name != s), key=len, default=None)
    for row in rows:
        if longest in row.suffixes:
            return row
    raise DataError(
        path,
        found=f"the suffix {(longest or path.suffix)!r}",
        expected=f"{purpose}: one of {', '.join(s for row in rows for s in row.suffixes)}",
        remedy="choose another name for the output",
    )
