"""Writing images and segmentations, whatever their format."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from omniseg_backend.common.atomic import atomic_path, refuse_existing, refuse_unwritable
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.writers import Writer, image_writer, label_writer


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
    row = label_writer(path)
    for target in _files(path, row):
        refuse_existing(target, overwrite=overwrite)
    shape = (image.frames, *image.geometry.shape)
    empty = Segmentation(
        labels=np.broadcast_to(np.zeros((), np.uint8), shape),  # one byte, whatever the shape
        geometry=image.geometry,
        classes=classes,
        name=image.name,
        has_time=image.has_time,
        frame_seconds=image.frame_seconds,
        source=image.source,
    )
    row.for_labels().check_labels(empty, path)


def check_map_target(path: str | Path, image: Image, *, overwrite: bool) -> None:
    """Refuse early what ``write_image`` would refuse for a map of 8-bit values over ``image``.

    Raises:
        DataError: As ``check_target``.
    """
    path = Path(path)
    refuse_unwritable(path)
    refuse_existing(path, overwrite=overwrite)
    empty = Image(
        array=np.broadcast_to(np.zeros((), np.uint8), (image.frames, 1, *image.geometry.shape)),
        geometry=image.geometry,
        name=image.name,
        has_time=image.has_time,
        frame_seconds=image.frame_seconds,
    )
    image_writer(path).for_images().check_image(empty, path)


def write_segmentation(
    segmentation: Segmentation, path: str | Path, *, overwrite: bool = False
) -> list[Path]:
    """Write labels with their geometry, class table and provenance.

    ``writers.WRITERS`` lists the formats and their modules say what each holds. Where a format
    has no place for the class table and provenance that other programs would show, a sidecar
    ``NAME.json`` holds them.

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
    row = label_writer(path)
    files = _files(path, row)
    for target in files:
        refuse_existing(target, overwrite=overwrite)
    module = row.for_labels()
    module.check_labels(segmentation, path)
    with contextlib.ExitStack() as written:
        # Left in reverse: the labels, by far the larger file, are in place before the sidecar
        # is renamed.
        for sidecar in files[1:]:
            temporary = written.enter_context(atomic_path(sidecar))
            temporary.write_text(_record_of(segmentation), encoding="utf-8")
        module.save_labels(segmentation, written.enter_context(atomic_path(path)))
    return files


def write_image(image: Image, path: str | Path, *, overwrite: bool = False) -> list[Path]:
    """Write an image with its geometry, channel names and stated modality.

    Args:
        image: What to write.
        path: Where; the suffix chooses the format (see ``writers.WRITERS``).
        overwrite: Whether an existing file may be replaced.

    Returns:
        The file written, as a list like that of ``write_segmentation``.

    Raises:
        DataError: The file exists, the place cannot be written, or the format cannot hold it.
        ResourceError: The disk is full.
    """
    path = Path(path)
    refuse_existing(path, overwrite=overwrite)
    module = image_writer(path).for_images()
    module.check_image(image, path)
    with atomic_path(path) as temporary:
        module.save_image(image, temporary)
    return [path]


def _files(path: Path, row: Writer) -> list[Path]:
    """What writing a segmentation makes: the labels, and the sidecar where there is one."""
    if not row.sidecar:
        return [path]
    from omniseg_backend.images.records import sidecar_path

    return [path, sidecar_path(path)]


def _record_of(segmentation: Segmentation) -> str:
    from omniseg_backend.images.records import SegmentationRecord

    return f"{SegmentationRecord.of(segmentation).model_dump_json(indent=2)}\n"
