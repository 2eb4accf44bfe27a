"""A box of voxels that a run is limited to."""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from omniseg_backend.common.errors import UsageError
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.preprocessing.layout import PlaneLayout

Span = tuple[int, int]

_RANGE = re.compile(r"(\d*):(\d*)")


@dataclasses.dataclass(frozen=True)
class Region:
    """A box of voxels, in the image's own axes.

    Attributes:
        i: First voxel along i and the one after the last; columns of a picture.
        j: The same along j; rows of a picture.
        k: The same along k; ``(0, 1)`` for a picture.
    """

    i: Span
    j: Span
    k: Span

    @property
    def spans(self) -> tuple[Span, Span, Span]:
        """The three ranges."""
        return self.i, self.j, self.k

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box as an index of the last three axes of an array."""
        return slice(*self.i), slice(*self.j), slice(*self.k)

    def as_text(self) -> str:
        """As ``parse_region`` reads it."""
        return ",".join(f"{first}:{after}" for first, after in self.spans)


@dataclasses.dataclass(frozen=True)
class PlaneBox:
    """A region in the axes that the network sees.

    Attributes:
        planes: First plane and the one after the last.
        rows: The same of the rows.
        columns: The same of the columns.
    """

    planes: Span
    rows: Span
    columns: Span

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box as an index of (plane, row, column)."""
        return slice(*self.planes), slice(*self.rows), slice(*self.columns)


def whole(geometry: Geometry) -> Region:
    """The region that leaves nothing out."""
    i, j, k = geometry.shape
    return Region((0, i), (0, j), (0, k))


def parse_region(text: str, geometry: Geometry) -> Region:
    """Read ``i0:i1,j0:j1,k0:k1``; a picture takes two ranges, columns and rows.

    Counting starts at 0, the second number is the one after the last; a number left out
    means the image's end.

    Raises:
        UsageError: The text is no such ranges, or they leave the image.
    """
    ranges = _ranges(text)
    count = 2 if geometry.dimensions == 2 else 3
    picture_with_depth = count == 2 and len(ranges) == 3
    if None in ranges or not (len(ranges) == count or picture_with_depth):
        example = "0:128,0:96" if count == 2 else "0:128,0:128,10:20"
        raise UsageError(
            "region",
            found=repr(text),
            expected=f"{count} ranges such as {example}",
            remedy="give a range of voxels for each axis",
        )
    spans = [
        (int(match[1] or 0), int(match[2] or length))
        for match, length in zip(ranges, geometry.shape, strict=False)
        if match is not None
    ]
    region = Region(spans[0], spans[1], spans[2] if len(spans) == 3 else (0, 1))
    check_region(region, geometry)
    return region


def refuse_no_ranges(text: str) -> None:
    """Refuse what is no region of any image, before one is read.

    Raises:
        UsageError: The text is not two or three ranges, or a range is empty.
    """
    ranges = _ranges(text)
    spans = [(int(match[1] or 0), int(match[2] or 0)) for match in ranges if match and match[2]]
    if None in ranges or len(ranges) not in (2, 3) or any(a >= b for a, b in spans):
        raise UsageError(
            "region",
            found=repr(text),
            expected="a range of at least one voxel for each axis, such as 0:128,0:128,10:20, or "
            "0:128,0:96 of a picture",
            remedy="correct the region",
        )


def check_region(region: Region, geometry: Geometry) -> None:
    """Refuse a box that is empty or leaves the image.

    Raises:
        UsageError: It does.
    """
    fits = all(
        0 <= first < after <= length
        for (first, after), length in zip(region.spans, geometry.shape, strict=True)
    )
    if not fits:
        raise UsageError(
            "region",
            found=region.as_text(),
            expected=f"a box inside {whole(geometry).as_text()}, with at least one voxel",
            remedy="correct the region",
        )


def _ranges(text: str) -> list[re.Match[str] | None]:
    return [_RANGE.fullmatch(part.strip()) for part in text.split(",")]


def crop(image: Image, region: Region) -> Image:
    """The part of an image inside a region, where it lies in space."""
    shift = np.eye(4)
    shift[:3, 3] = [first for first, _ in region.spans]
    i, j, k = (after - first for first, after in region.spans)
    geometry = dataclasses.replace(
        image.geometry, shape=(i, j, k), affine=image.geometry.affine @ shift
    )
    array = image.array[(slice(None), slice(None), *region.slices)]
    return dataclasses.replace(image, array=array, geometry=geometry)


def in_planes(region: Region, layout: PlaneLayout, geometry: Geometry) -> PlaneBox:
    """The region in the axes (plane, row, column) that a layout brings an image to."""
    turned = []
    for old, flipped in zip(layout.turn.source, layout.turn.flipped, strict=True):
        first, after = region.spans[old]
        length = geometry.shape[old]
        turned.append((length - after, length - first) if flipped else (first, after))
    columns, rows, planes = turned
    return PlaneBox(planes, rows, columns)
