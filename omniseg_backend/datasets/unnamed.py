"""What layouts without a description leave open: channels, modality and classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.assembly import Facts, Sample
from omniseg_backend.datasets.class_tables import read_classes_json, table_from_values
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.image import Image
from omniseg_backend.images.reading import read_image, read_segmentation

CLASSES_FILE = "classes.json"


def facts_from_files(folder: Path, samples: Sequence[Sample]) -> Facts:
    """Find out from the files themselves what no description states.

    Channels and modality are those of the first image that can be read; a modality counts only
    where the file states it. Classes come from ``classes.json`` or else from the values in the
    masks. Files that cannot be read are passed over here: ``check_dataset`` reports them all.

    Args:
        folder: The data set's folder; its name becomes the data set's.
        samples: At least one.

    Raises:
        DataError: No image or no mask can be read, or the masks' values cannot be classes.
    """
    image = _first_image(samples)
    return Facts(
        name=folder.resolve().name,
        classes=named_classes(folder) or _classes_in_masks(folder, samples),
        channel_names=image.channel_names,
        modality=image.modality.value if image.modality.is_known else None,
    )


def named_classes(folder: Path) -> ClassTable | None:
    """The classes that ``classes.json`` in ``folder`` names, or None where there is none.

    Raises:
        DataError: The file is wrong.
    """
    path = folder / CLASSES_FILE
    return read_classes_json(path) if path.is_file() else None


def _first_image(samples: Sequence[Sample]) -> Image:
    errors = []
    for sample in samples:
        try:
            return read_image(sample.image_paths[0])
        except DataError as error:
            errors.append(error)
    raise errors[0]


def _classes_in_masks(folder: Path, samples: Sequence[Sample]) -> ClassTable:
    values: set[int] = set()
    errors = []
    for sample in samples:
        try:
            values |= mask_values(sample.label_path)
        except DataError as error:
            errors.append(error)
    if len(errors) == len(samples):
        raise errors[0]
    return table_from_values(values, folder, folder.resolve().name)


def mask_values(path: Path) -> set[int]:
    """The values that a mask holds, background included.

    Raises:
        DataError: It cannot be read as a mask.
    """
    mask = read_segmentation(path, classes=None)
    return {int(value) for value in np.unique(mask.labels)}
