"""Writing PNG: indexed label pictures, grey and RGB pictures, with the embedded record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngInfo

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.wording import counted
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.records import KEY, ImageRecord, SegmentationRecord
from omniseg_backend.images.segmentation import Segmentation


def check_labels(segmentation: Segmentation, target: Path) -> None:
    """Refuse all but single pictures with labels up to 255."""
    _refuse_volume(segmentation.geometry, segmentation.labels.shape[0], target)
    highest = max(int(segmentation.labels.max()), *segmentation.classes.values, 0)
    if highest > 255:
        raise DataError(
            target,
            found=f"the label {highest}",
            expected="labels up to 255, the most that an indexed PNG holds",
            remedy="write .nii.gz instead",
        )


def save_labels(segmentation: Segmentation, path: Path) -> None:
    """Write an indexed 8-bit picture to ``path``: index = label, palette = classes' colours."""
    rows = segmentation.labels[0, :, :, 0].T
    pixels = PIL.Image.fromarray(np.ascontiguousarray(rows, dtype=np.uint8))
    pixels.putpalette(_palette(segmentation.classes))
    record = SegmentationRecord.of(segmentation)
    texts = PngInfo()
    if record.description:
        texts.add_itxt("Description", record.description)
    texts.add_itxt(KEY, record.model_dump_json())
    pixels.save(path, format="PNG", pnginfo=texts)


def check_image(image: Image, target: Path) -> None:
    """Refuse all but single pictures, 8-bit or 16-bit grey, or 8-bit RGB."""
    _refuse_volume(image.geometry, image.frames, target)
    channels, dtype = image.channels, image.array.dtype
    if (channels, dtype) not in ((1, np.uint8), (1, np.uint16), (3, np.uint8)):
        raise DataError(
            target,
            found=f"{counted(channels, 'channel')} of the type {dtype}",
            expected="one channel of uint8 or uint16, or three of uint8",
            remedy="write .nii.gz instead",
        )


def save_image(image: Image, path: Path) -> None:
    """Write a grey or RGB picture to ``path``."""
    rows: NDArray[np.generic] = image.array[0, :, :, :, 0].transpose(2, 1, 0)
    colour = rows if image.channels == 3 else rows[..., 0]
    texts = PngInfo()
    texts.add_itxt(KEY, ImageRecord.of(image).as_json())
    PIL.Image.fromarray(np.ascontiguousarray(colour)).save(path, format="PNG", pnginfo=texts)


def _refuse_volume(geometry: Geometry, frames: int, target: Path) -> None:
    if geometry.dimensions == 3 or frames > 1:
        raise DataError(
            target,
            found=f"a volume or series ({counted(frames, 'frame')} of {geometry.shape})",
            expected="a single picture, all that a PNG holds",
            remedy="write .nii.gz instead, which keeps the geometry",
        )


def _palette(classes: ClassTable) -> list[int]:
    """Red, green, blue of the indices 0 to 255; the background and unused ones are black.

    All 256 are stated, since Pillow stores shorter palettes in fewer than 8 bits per pixel.
    """
    colours = np.zeros((256, 3), dtype=np.uint8)
    for entry in classes:
        colours[entry.value] = entry.colour
    return [int(part) for part in colours.ravel()]
