"""Reading PNG, JPEG and BMP pictures.

Pixels are taken as they are stored: i runs along the columns, j down the rows. A camera's
EXIF orientation is not applied, so that labels match the stored pixels, whatever a viewer
shows; the image's notes report it. The resolution in a picture's header describes paper or a
screen, never the patient, and is not read: the unit is ``px``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.wording import counted
from omniseg_backend.images.checks import (
    DEFLATE_LIMIT,
    refuse_cut_off,
    refuse_larger_than_memory,
    whole_labels,
)
from omniseg_backend.images.formats import LabelFile
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.records import KEY, is_of_labels, refine_geometry, refine_image

_EXIF_ORIENTATION = 274
#: Older releases of Pillow open 16-bit grey PNG as mode I.
_GREY_MODES = ("L", "I;16", "I")
#: Bytes per pixel in memory of the modes that are read; the others are refused.
_PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "LA": 2, "PA": 2, "I;16": 2, "I": 4, "RGB": 3, "RGBA": 4}


def load_image(path: Path) -> Image:
    """Read a PNG, JPEG or BMP file as a picture, grey (8 or 16 bit) or RGB (8 bit).

    Raises:
        DataError: The file is damaged, transparent, animated, or in a colour space such as
            CMYK.
        ResourceError: It does not fit into memory.
    """
    picture = _open(path)
    image = Image.from_picture(_grey_or_rgb(path, picture), name=path.name)
    image = dataclasses.replace(image, notes=_turned(picture))
    return refine_image(image, _record(picture), path)


def load_labels(path: Path) -> LabelFile:
    """Read a PNG or BMP file as a label map: grey values, or the indices of a palette.

    Raises:
        DataError: The file is damaged, a colour picture, or a JPEG, whose compression
            changes values.
        ResourceError: It does not fit into memory.
    """
    picture = _open(path)
    if picture.format == "JPEG":
        raise DataError(
            path,
            found="a JPEG picture, whose compression changes label values",
            expected="a segmentation in a lossless format",
            remedy="store the mask as PNG, TIFF or NIfTI",
        )
    if picture.mode not in ("1", "P", *_GREY_MODES):
        raise DataError(
            path,
            found=f"a colour or transparent picture (mode {picture.mode})",
            expected="one label per pixel: grey values or a palette's indices",
            remedy="store the mask as grey or indexed PNG",
        )
    indices = whole_labels(path, np.array(picture))
    geometry = Geometry.of_picture(picture.width, picture.height)
    record = _record(picture)
    return LabelFile(
        labels=indices.T[np.newaxis, :, :, np.newaxis],
        geometry=refine_geometry(geometry, record, path),
        record=record,
    )


def holds_labels(path: Path) -> bool:
    """Whether a text chunk is the record of a segmentation.

    Raises:
        DataError: The file is damaged.
    """
    with damaged_picture(path), PIL.Image.open(path, formats=["PNG", "JPEG", "BMP"]) as picture:
        return is_of_labels(_record(picture), path)


def _open(path: Path) -> PIL.Image.Image:
    """A decoded picture whose header was first checked against the file and the memory."""
    with damaged_picture(path), PIL.Image.open(path, formats=["PNG", "JPEG", "BMP"]) as picture:
        _check_mode(path, picture)
        packed = {"PNG": DEFLATE_LIMIT, "BMP": None if picture.info.get("compression") else 1}
        if (factor := packed.get(str(picture.format))) is not None:
            # One bit per pixel is the least that PNG and BMP store.
            least = picture.width * picture.height // 8
            capacity = path.stat().st_size * factor
            refuse_cut_off(path, found_bytes=capacity, expected_bytes=least)
        # The decoded picture, its conversion and the array.
        needed = 3 * picture.width * picture.height * _PIXEL_BYTES[picture.mode]
        refuse_larger_than_memory(path, needed)
        picture.load()
        return picture


@contextlib.contextmanager
def damaged_picture(path: Path) -> Iterator[None]:
    """Turn Pillow's complaints about a damaged file into a DataError."""
    try:
        yield
    except PIL.Image.DecompressionBombError as error:
        raise DataError(
            path,
            found="a header that announces an enormous picture",
            expected=f"at most {2 * (PIL.Image.MAX_IMAGE_PIXELS or 0)} pixels",
            remedy="crop it or tile it, or store it as TIFF if it is real",
        ) from error
    except (
        OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, MemoryError
    ) as error:  # fmt: skip
        # Memory was checked before: a part that wants more of it has a false length.
        raise DataError(
            path,
            found=f"a picture that cannot be decoded ({error or type(error).__name__})",
            expected="a complete, undamaged file",
            remedy="copy or download the file again",
        ) from error


def _check_mode(path: Path, picture: PIL.Image.Image) -> None:
    frames = getattr(picture, "n_frames", 1)
    if picture.format == "PNG" and frames > 1:
        raise DataError(
            path,
            found=f"an animation of {counted(frames, 'picture')}",
            expected="one picture",
            remedy="store the pictures one by one, or as a TIFF that states its axes",
        )
    # Pillow would silently drop the low bytes of 16-bit colour.
    deep_colour = picture.format == "PNG" and _png_depth(path) == 16
    if picture.mode not in _PIXEL_BYTES or (deep_colour and picture.mode not in _GREY_MODES):
        depth = "16-bit " if deep_colour else ""
        raise DataError(
            path,
            found=f"a {depth}picture in the colour space {picture.mode}",
            expected="8-bit or 16-bit grey, or 8-bit RGB",
            remedy="convert it to one of these, or to TIFF for 16-bit colour",
        )


def _png_depth(path: Path) -> int:
    """Bits per sample, which the first chunk of every PNG states."""
    with path.open("rb") as stream:
        return stream.read(25)[24]


def _turned(picture: PIL.Image.Image) -> tuple[Flag, ...]:
    orientation = picture.getexif().get(_EXIF_ORIENTATION, 1)
    if orientation == 1:
        return ()
    sentence = (
        f"The picture's EXIF orientation ({orientation}) is not applied: labels lie on the pixels "
        "as they are stored, which a viewer may show turned."
    )
    return (Flag("exif_orientation", sentence),)


def _record(picture: PIL.Image.Image) -> str | None:
    text = picture.info.get(KEY)
    return text if isinstance(text, str) else None


def _grey_or_rgb(path: Path, picture: PIL.Image.Image) -> NDArray[np.generic]:
    """Pixels of shape (rows, columns) or (rows, columns, 3)."""
    if picture.mode in _GREY_MODES and "transparency" not in picture.info:
        return np.array(picture).astype(np.uint8 if picture.mode == "L" else np.uint16, copy=False)
    if picture.has_transparency_data:
        grey_alpha = picture.mode in ("1", "L", "LA")
        full = np.array(picture.convert("LA" if grey_alpha else "RGBA"))
        return drop_opaque_alpha(path, full, opaque=255)
    return np.array(picture.convert("L" if picture.mode == "1" else "RGB"))


def drop_opaque_alpha(
    path: Path, pixels: NDArray[np.generic], *, opaque: float
) -> NDArray[np.generic]:
    """Pixels without their last channel, an alpha that says nothing.

    Args:
        path: For the message.
        pixels: Shape (rows, columns, 2 or 4); the last channel is alpha.
        opaque: The alpha of an opaque pixel.

    Returns:
        Shape (rows, columns) or (rows, columns, 3).

    Raises:
        DataError: A pixel is transparent.
    """
    alpha = pixels[..., -1]
    transparent = int(np.count_nonzero(alpha != opaque))
    if transparent:
        raise DataError(
            path,
            found=f"{counted(transparent, 'transparent pixel')}",
            expected="an opaque picture",
            remedy="flatten the picture onto a background",
        )
    return pixels[..., 0] if pixels.shape[-1] == 2 else pixels[..., :-1]
