"""Reading TIFF: pictures, and the stacks and series whose own metadata states their axes.

A plain TIFF of several pages does not say whether they are slices, frames or channels, so it
is refused; ImageJ and OME metadata do say. Spacing is taken from these two as well and never
from the resolution tags alone, which describe paper. LZW and JPEG compression, which tifffile
alone does not decode, are decoded by Pillow for single pages.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
import tifffile
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.wording import counted
from omniseg_backend.images.checks import (
    DEFLATE_LIMIT,
    refuse_cut_off,
    refuse_larger_than_memory,
    refuse_non_finite,
    whole_labels,
)
from omniseg_backend.images.formats import LabelFile
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.raster import damaged_picture, drop_opaque_alpha
from omniseg_backend.images.records import is_of_labels, refine_geometry, refine_image
from omniseg_backend.images.tiff_metadata import StackMetadata, read_metadata

#: A tag of the range that TIFF 6 leaves to private use; our record stands there.
RECORD_TAG = 65432

_PHOTOMETRICS = (
    tifffile.PHOTOMETRIC.MINISBLACK,
    tifffile.PHOTOMETRIC.RGB,
    tifffile.PHOTOMETRIC.PALETTE,
    tifffile.PHOTOMETRIC.YCBCR,
)

#: By which factor a compression can shrink at most; tifffile would fill with zeros what a file
#: that announces more does not hold.
_EXPANSION: dict[int, int] = {
    tifffile.COMPRESSION.NONE: 1,
    tifffile.COMPRESSION.PACKBITS: 128,
    tifffile.COMPRESSION.ADOBE_DEFLATE: DEFLATE_LIMIT,
    tifffile.COMPRESSION.DEFLATE: DEFLATE_LIMIT,
}
_LARGEST_EXPANSION = 10_000  # xz: 7000

#: What tifffile raised for files with randomly changed bytes, beside Pillow's errors.
_DAMAGED = (
    tifffile.TiffFileError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
)


class _Pixels(NamedTuple):
    """Decoded pixels with one letter per axis: T, Z, C, Y, X and S (samples)."""

    array: NDArray[np.generic]
    axes: str
    metadata: StackMetadata
    colour_map: NDArray[np.uint16] | None
    record: str | None


def load_image(path: Path) -> Image:
    """Read a TIFF file as an image.

    Args:
        path: A ``.tif`` or ``.tiff`` file: one page, or an ImageJ or OME file.

    Returns:
        A picture, or a volume where the metadata states a Z axis. The unit is mm where ImageJ
        or OME metadata state a physical length, else px.

    Raises:
        DataError: The file is damaged, does not state its axes, or is in another colour space.
        ResourceError: It does not fit into memory.
    """
    pixels = _read(path)
    array, axes = pixels.array, pixels.axes
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    if pixels.colour_map is not None:
        # Colour maps hold 16-bit values; files made for the screen fill only the upper half.
        array, axes = (pixels.colour_map[:, array] >> 8).astype(np.uint8), f"S{axes}"
    if "S" in axes:
        array, axes = _samples_as_channels(path, array, axes)
    full = _ordered(array, axes)
    refuse_non_finite(path, full)
    colour = full.shape[1] == 3 and ("S" in pixels.axes or pixels.colour_map is not None)
    image = Image(
        array=full,
        geometry=_geometry(full.shape[2:], axes, pixels.metadata),
        channel_names=("R", "G", "B") if colour else _names(full.shape[1], pixels.metadata),
        name=path.name,
        has_time="T" in axes,
        frame_seconds=pixels.metadata.frame_seconds,
    )
    return refine_image(image, pixels.record, path, upright=True)


def load_labels(path: Path) -> LabelFile:
    """Read a TIFF file as a label map: grey values, or the indices of a palette.

    Raises:
        DataError: The file is damaged, has several channels or values that are no labels.
        ResourceError: It does not fit into memory.
    """
    pixels = _read(path)
    full = _ordered(pixels.array, pixels.axes) if "S" not in pixels.axes else None
    if full is None or full.shape[1] != 1:
        raise DataError(
            path,
            found="several values per pixel",
            expected="one label per pixel",
            remedy="pass a segmentation and not a colour or multi-channel image",
        )
    geometry = _geometry(full.shape[2:], pixels.axes, pixels.metadata)
    return LabelFile(
        labels=whole_labels(path, full[:, 0]),
        geometry=refine_geometry(geometry, pixels.record, path, upright=True),
        has_time="T" in pixels.axes,
        frame_seconds=pixels.metadata.frame_seconds,
        record=pixels.record,
    )


def holds_labels(path: Path) -> bool:
    """Whether the private tag is the record of a segmentation.

    Raises:
        DataError: The file is damaged.
    """
    with _damaged_tiff(path), tifffile.TiffFile(path) as file:
        record = _record(file)
    return is_of_labels(record, path)


def _read(path: Path) -> _Pixels:
    with _damaged_tiff(path), tifffile.TiffFile(path) as file:
        series = _only_series(path, file)
        page = series.keyframe
        _check_kind(path, page)
        _refuse_missing_pages(path, file, series)
        axes = _stated_axes(path, file, series)
        by_pillow = _needs_pillow(page)
        if not by_pillow:  # which has a limit of its own
            capacity = path.stat().st_size * _EXPANSION.get(page.compression, _LARGEST_EXPANSION)
            refuse_cut_off(path, found_bytes=capacity, expected_bytes=series.nbytes)
        refuse_larger_than_memory(path, 2 * series.nbytes)
        array = _decode_with_pillow(path, series) if by_pillow else series.asarray()
        palette = page.photometric == tifffile.PHOTOMETRIC.PALETTE
        return _Pixels(
            array=array.reshape(series.get_shape(squeeze=True)),
            axes=axes,
            metadata=read_metadata(file),
            colour_map=page.colormap if palette else None,
            record=_record(file),
        )


def _record(file: tifffile.TiffFile) -> str | None:
    tag = file.pages.first.tags.get(RECORD_TAG)
    value = tag.value if tag is not None else None
    if isinstance(value, np.ndarray):  # as which tifffile gives texts of some length
        value = value.astype(np.uint8).tobytes().rstrip(b"\0").decode("utf-8", errors="replace")
    return value if isinstance(value, str) else None


@contextlib.contextmanager
def _damaged_tiff(path: Path) -> Iterator[None]:
    """Turn tifffile's complaints about a damaged file into a DataError."""
    try:
        with damaged_picture(path):
            yield
    except _DAMAGED as error:
        raise DataError(
            path,
            found=f"a TIFF that cannot be decoded ({error})",
            expected="a complete, undamaged file",
            remedy="copy or download the file again",
        ) from error


def _only_series(path: Path, file: tifffile.TiffFile) -> tifffile.TiffPageSeries:
    if len(file.series) != 1 or min(file.series[0].shape, default=0) < 1:
        raise DataError(
            path,
            found=f"{counted(len(file.series), 'image')} of different kinds or of no size",
            expected="one image",
            remedy="store the images one by one",
        )
    return file.series[0]


def _check_kind(path: Path, page: tifffile.TiffPage) -> None:
    if page.photometric not in _PHOTOMETRICS:
        name = getattr(page.photometric, "name", page.photometric)
        raise DataError(
            path,
            found=f"a picture in the colour space {name}",
            expected="grey with black = 0, RGB or indexed colours",
            remedy="convert it to one of these",
        )
    if page.dtype is None or page.dtype.kind not in "biuf":
        raise DataError(
            path,
            found=f"pixels of the type {page.dtype}",
            expected="real numbers",
            remedy="export the magnitude, or convert to a common pixel type",
        )


def _refuse_missing_pages(
    path: Path, file: tifffile.TiffFile, series: tifffile.TiffPageSeries
) -> None:
    """Refuse a chain of pages that breaks off, or pages that lie in other files.

    tifffile would read what is left of the first, and fill the second with zeros.
    """
    layout, handle = file.tiff, file.filehandle
    handle.seek(file.pages[-1].offset)
    (tags,) = struct.unpack(layout.tagnoformat, handle.read(layout.tagnosize))
    handle.seek(tags * layout.tagsize, 1)
    (following,) = struct.unpack(layout.offsetformat, handle.read(layout.offsetsize))
    elsewhere = series.is_multifile or any(page is None for page in series.pages)
    if following != 0 or elsewhere:
        raise DataError(
            path,
            found="fewer pages than its headers announce",
            expected="one complete file",
            remedy="copy or download the file again, or export it as a single file",
        )


def _stated_axes(path: Path, file: tifffile.TiffFile, series: tifffile.TiffPageSeries) -> str:
    """One letter per axis that is longer than one, X and Y always among them.

    tifffile names axes that nothing states I (pages) or Q (other).
    """
    axes = str(series.get_axes(squeeze=True))
    if not set(axes) <= set("TZCYXS") or not set("YX") <= set(axes):
        raise DataError(
            path,
            found=f"{counted(len(file.pages), 'page')} whose axes are not stated",
            expected="one page, or a file whose ImageJ or OME metadata states the axes",
            remedy="save it with axes from ImageJ or as OME-TIFF, or as NIfTI",
        )
    if "S" in axes and "C" in axes:
        raise DataError(
            path,
            found="both colours and channels",
            expected="either RGB colours or channels",
            remedy="split the channels into files",
        )
    return axes


def _needs_pillow(page: tifffile.TiffPage) -> bool:
    try:
        tifffile.TIFF.DECOMPRESSORS[page.compression]
    except KeyError:
        return True
    return page.photometric == tifffile.PHOTOMETRIC.YCBCR


def _decode_with_pillow(path: Path, series: tifffile.TiffPageSeries) -> NDArray[np.generic]:
    page = series.keyframe
    with PIL.Image.open(path, formats=["TIFF"]) as picture:
        pixels = np.array(picture)
    if len(series.pages) != 1 or pixels.shape != page.shape or pixels.dtype != page.dtype:
        raise DataError(
            path,
            found=f"the compression {getattr(page.compression, 'name', page.compression)}",
            expected="an uncompressed TIFF, or one compressed with Deflate",
            remedy="save it again with one of these",
        )
    return pixels


def _samples_as_channels(
    path: Path, array: NDArray[Any], axes: str
) -> tuple[NDArray[np.generic], str]:
    last = np.moveaxis(array, axes.index("S"), -1)
    if last.shape[-1] in (2, 4):
        opaque = 1.0 if last.dtype.kind == "f" else float(np.iinfo(last.dtype).max)
        last = drop_opaque_alpha(path, last, opaque=opaque)
    rest = axes.replace("S", "")
    return last, f"{rest}C" if last.ndim > len(rest) else rest


def _ordered(array: NDArray[np.generic], axes: str) -> NDArray[np.generic]:
    """The array as (T, C, X, Y, Z), which is (time, channel, i, j, k)."""
    missing = [letter for letter in "TCXYZ" if letter not in axes]
    full = array.reshape(array.shape + (1,) * len(missing))
    letters = axes + "".join(missing)
    native = full.astype(full.dtype.newbyteorder("="), copy=False)
    return native.transpose([letters.index(letter) for letter in "TCXYZ"])


def _geometry(shape: tuple[int, ...], axes: str, metadata: StackMetadata) -> Geometry:
    along, down, apart = metadata.spacing_mm
    if "Z" not in axes:
        known = (along, down) if along is not None and down is not None else None
        return Geometry.of_picture(shape[0], shape[1], known)
    if along is None or down is None or apart is None:
        return Geometry((shape[0], shape[1], shape[2]), np.eye(4), "px", 3)
    affine = np.diag([along, down, apart, 1.0])
    return Geometry((shape[0], shape[1], shape[2]), affine, "mm", 3)


def _names(count: int, metadata: StackMetadata) -> tuple[str, ...]:
    if len(set(metadata.channel_names)) == count:
        return metadata.channel_names
    return ("intensity",) if count == 1 else tuple(f"channel {n}" for n in range(count))
