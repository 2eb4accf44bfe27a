"""Reading images and segmentations, whatever their format."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.reading import reading_errors
from omniseg_backend.images.classes import ClassEntry, ClassTable, palette_colour
from omniseg_backend.images.formats import DICOM, format_of
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import Modality, ModalityStatement
from omniseg_backend.images.segmentation import Segmentation, values_present

logger = logging.getLogger(__name__)

#: Minima that hint at Hounsfield units: air is -1000, padding of scanners lies down to -3072;
#: no other method that is stored as a volume has them as a rule.
_HOUNSFIELD_MINIMUM = (-3072, -500)


def read_image(
    path: str | Path, *, modality: Modality | None = None, series_uid: str | None = None
) -> Image:
    """Read an image; the format follows from the suffix and is checked in the content.

    Args:
        path: A file of one of ``formats.FORMATS``, or a folder that holds a DICOM series.
        modality: What the image shows, if the user says so. Otherwise the file's own
            statement holds; without one, volumes whose values look like Hounsfield units are
            marked as a guess at CT, and nothing else is guessed.
        series_uid: Which DICOM series, where a folder or archive holds several.

    Returns:
        The image, with its array as (time, channel, i, j, k), and notes on what its reader
        assumed where the file was silent.

    Raises:
        DataError: The file cannot be used, or states another modality than ``modality``.
        ResourceError: It does not fit into memory.
        UsageError: ``series_uid`` names no series of it.
    """
    path = Path(path)
    return _as_stated(path, _load(path, series_uid), modality)


def read_listed_series(
    folder: Path, files: Sequence[Path], *, modality: Modality | None = None
) -> Image:
    """Read the DICOM series that these files form, without searching their folder.

    Args:
        folder: What the image is named after.
        files: All of one series.
        modality: As of ``read_image``.

    Raises:
        DataError: As ``read_image``.
        ResourceError: It does not fit into memory.
    """
    from omniseg_backend.images.dicom import load_listed

    return _as_stated(folder, load_listed(folder, files), modality)


def _as_stated(path: Path, image: Image, modality: Modality | None) -> Image:
    stated = image.modality
    if modality is None:
        return image if stated.is_known else image.with_modality(guess_modality(image))
    if stated.is_known and stated.value != modality:
        raise DataError(
            path,
            found=f"the modality {stated.as_text()}",
            expected=f"{modality}, as asked for",
            remedy="leave the modality out, or override the file's statement explicitly",
        )
    return image.with_modality(ModalityStatement(modality, "user"))


def read_segmentation(path: str | Path, *, classes: ClassTable | None = None) -> Segmentation:
    """Read a label file; the format follows from the suffix and is checked in the content.

    Args:
        path: A file of whole numbers in a lossless format; 0 is the background.
        classes: What the values mean. Otherwise the record that this project's writers leave
            beside (``NAME.json``) or in the file says so; without one, every value found is
            named ``class N``.

    Returns:
        The segmentation, with its provenance if the file holds one.

    Raises:
        DataError: The file cannot be used, or holds a value that ``classes`` does not name.
        ResourceError: It does not fit into memory.
    """
    path = Path(path)
    file = format_of(path).load_module().load_labels(path)
    for note in file.notes:
        logger.info("%s: %s", path.name, note)  # what the image beside it says too
    found = values_present(file.labels)
    provenance = None
    if classes is None:
        from omniseg_backend.images.records import recorded_classes

        recorded, provenance = recorded_classes(path, file.record)
        classes = _name_values(recorded, found)
    _refuse_unnamed(path, classes, found)
    return Segmentation(
        labels=file.labels,
        geometry=file.geometry,
        classes=classes,
        provenance=provenance,
        name=path.name,
        has_time=file.has_time,
        frame_seconds=file.frame_seconds,
    )


def is_label_file(path: str | Path) -> bool:
    """Whether a file says that it is a segmentation, in itself or in the record beside it.

    Label maps of programs that say nothing look like images; whoever knows better calls
    ``read_segmentation``.

    Raises:
        DataError: The file or its record is damaged, or of no known format.
    """
    from omniseg_backend.images.records import has_label_sidecar

    path = Path(path)
    module = format_of(path).load_module()
    with reading_errors(path, expected="an image file"):
        return module.holds_labels(path) or has_label_sidecar(path)


def _load(path: Path, series_uid: str | None) -> Image:
    row = format_of(path)
    if series_uid is None:
        return row.load_module().load_image(path)
    if row.module != DICOM.module:
        raise UsageError(
            path,
            found=f"a DICOM series asked of {row.name}",
            expected="a DICOM folder, file or archive",
            remedy="leave the series out",
        )
    from omniseg_backend.images.dicom import load_series

    return load_series(path, series_uid)


def guess_modality(image: Image) -> ModalityStatement:
    """What an image that nobody stated anything about looks like: CT, or what it said before."""
    if image.source is not None:
        return image.modality  # its file has stated a modality: one that has no name here
    if image.channels != 1 or image.geometry.dimensions != 3:
        return image.modality
    lowest, highest = _HOUNSFIELD_MINIMUM
    looks_like_ct = lowest <= np.min(image.array).item() <= highest
    return ModalityStatement(Modality.CT, "guess") if looks_like_ct else image.modality


def _name_values(recorded: tuple[ClassEntry, ...], found: list[int]) -> ClassTable:
    """The recorded classes, and ``class N`` for each value that they do not name."""
    named = {entry.value for entry in recorded}
    unnamed = tuple(
        ClassEntry(value, f"class {value}", palette_colour(value))
        for value in found
        if value not in named
    )
    return ClassTable(recorded + unnamed)


def _refuse_unnamed(path: Path, classes: ClassTable, found: list[int]) -> None:
    unnamed = sorted(set(found) - set(classes.values))
    if unnamed:
        shown = ", ".join(str(value) for value in unnamed[:8])
        raise DataError(
            path,
            found=f"the values {shown}{' and more' if len(unnamed) > 8 else ''}",
            expected=f"0 and the classes' values {', '.join(map(str, classes.values))}",
            remedy="name these values in the class table, or correct the mask",
        )
