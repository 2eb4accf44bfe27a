"""The text header of MetaImage, and what it says about the voxels.

References:
    https://github.com/Kitware/MetaIO, and ITK's reading of it, which is what the format means.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.wording import counted
from omniseg_backend.images.geometry import Geometry, Unit
from omniseg_backend.images.grids import (
    LPS_TO_RAS,
    picture_grid,
    unstated_orientation,
    volume_grid,
)

_LARGEST_HEADER = 1 << 24

#: Type codes by element type; MetaIO's long has 4 bytes on every platform.
_DTYPES = {
    "MET_CHAR": "i1", "MET_ASCII_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2",
    "MET_USHORT": "u2", "MET_INT": "i4", "MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
_MILLIMETRES = {"mm": 1.0, "um": 1e-3, "cm": 10.0, "?": 1.0}
#: Names that MetaIO takes for one field, the preferred one first.
_MATRIX = ("TransformMatrix", "Rotation", "Orientation")
_ORIGIN = ("Offset", "Position", "Origin")
_SPACING = ("ElementSpacing", "ElementSize")
_ORDER = ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")


@dataclasses.dataclass(frozen=True)
class MetaHeader:
    """A parsed header.

    Attributes:
        path: Its file, for messages.
        fields: Values by name, as they are written.
        end: The byte after the header, where local voxels begin.
    """

    path: Path
    fields: dict[str, str]
    end: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """Lengths of the axes i, j, k, time, as many as there are.

        Raises:
            DataError: There are not two to four of them, or an axis is empty.
        """
        words = self.fields.get("DimSize", "missing").split()
        lengths = [int(word) for word in words if re.fullmatch(r"\d{1,18}", word)]
        if self.fields.get("NDims") not in ("2", "3", "4"):
            raise self.problem(f"NDims = {self.fields.get('NDims', 'missing')}", "2, 3 or 4")
        if len(lengths) != int(self.fields["NDims"]) or min(lengths) < 1:
            raise self.problem(f"DimSize = {' '.join(words)}", "a length of at least 1 per axis")
        return tuple(lengths)

    @property
    def channels(self) -> int:
        """Values per voxel.

        Raises:
            DataError: That is no number above zero.
        """
        text = self.fields.get("ElementNumberOfChannels", "1")
        if not re.fullmatch(r"\d{1,9}", text) or int(text) < 1:
            raise self.problem(f"ElementNumberOfChannels = {text}", "a number of at least 1")
        return int(text)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The stored voxel type, with its byte order.

        Raises:
            DataError: It is unknown, or the voxels are text.
        """
        name = self.fields.get("ElementType", "missing")
        if name not in _DTYPES or self.is_true("BinaryData", default=True) is False:
            text = "" if name not in _DTYPES else " written as text"
            raise self.problem(f"the voxel type {name}{text}", "binary integers, float or double")
        swapped = any(self.is_true(field, default=False) for field in _ORDER)
        return np.dtype(f"{'>' if swapped else '<'}{_DTYPES[name]}")

    def is_true(self, name: str, *, default: bool) -> bool:
        """A field that holds True or False."""
        text = self.fields.get(name, "")
        return text[0] in "TtYy1" if text else default

    def integer(self, name: str) -> int:
        """A field that holds one whole number; 0 where it is missing."""
        text = self.fields.get(name, "0")
        if not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise self.problem(f"{name} = {text}", "a whole number")
        return int(text)

    def numbers(self, names: tuple[str, ...], count: int) -> NDArray[np.float64] | None:
        """The field that goes by one of ``names``, as ``count`` numbers; None where missing.

        Raises:
            DataError: It holds anything else.
        """
        name = next((name for name in names if name in self.fields), None)
        if name is None:
            return None
        try:
            found = np.array([float(word) for word in self.fields[name].split()])
        except ValueError:
            found = np.empty(0)
        if len(found) != count:
            raise self.problem(f"{name} = {self.fields[name][:60]}", f"{count} numbers")
        return found

    def problem(self, found: str, expected: str) -> DataError:
        """The error of a header that says ``found``."""
        return DataError(
            self.path,
            found=found,
            expected=expected,
            remedy="export the image again, or correct the header",
        )


def read_header(path: Path, stream: BinaryIO) -> MetaHeader:
    """The header at the start of ``stream``; it ends with the line ``ElementDataFile``.

    Raises:
        DataError: It is cut off, or not of this format.
    """
    fields: dict[str, str] = {}
    header = MetaHeader(path, fields, 0)
    while "ElementDataFile" not in fields:
        line = stream.readline(_LARGEST_HEADER)
        if not line or stream.tell() > _LARGEST_HEADER:
            raise header.problem("a header without its last line", "a line ElementDataFile = ...")
        name, mark, value = line.decode("utf-8", errors="replace").partition("=")
        if mark:
            fields[name.strip()] = value.strip()
        elif line.strip():
            raise header.problem(f"the line {line[:60]!r}", "lines such as 'Name = value'")
    return dataclasses.replace(header, end=stream.tell())


def grid_of(header: MetaHeader) -> tuple[Geometry, tuple[Flag, ...]]:
    """The grid in mm where the header states a spacing, and what was assumed.

    Raises:
        DataError: A field does not have as many numbers as the image has axes.
        GeometryError: They describe no grid.
    """
    sizes = header.sizes
    count = len(sizes)
    space = min(count, 3)
    spacing = header.numbers(_SPACING, count)
    matrix = header.numbers(_MATRIX, count * count)
    origin = header.numbers(_ORIGIN, count)
    unit = _MILLIMETRES.get(header.fields.get("DistanceUnits", "mm"))
    if unit is None:
        raise header.problem(f"DistanceUnits = {header.fields['DistanceUnits']}", "mm, um or cm")
    # Rows of the matrix are the directions of the axes.
    cosines = (np.eye(count) if matrix is None else matrix.reshape(count, count)).T
    if count == 4 and (np.any(cosines[3, :3]) or np.any(cosines[:3, 3])):
        raise header.problem("axes that run through space and time at once", "one or other")
    steps = cosines[:space, :space] * (1.0 if spacing is None else spacing[:space] * unit)
    first = np.zeros(space) if origin is None else origin[:space] * unit
    if space == 2:
        stated = "DistanceUnits" in header.fields
        return picture_grid(header.path, sizes, steps, first, stated=stated), ()
    notes = _assumptions(header, stated=matrix is not None)
    turned, begin = LPS_TO_RAS @ steps, LPS_TO_RAS @ first
    unit_name: Unit = "px" if spacing is None else "mm"
    return volume_grid(header.path, sizes, turned, begin, unit_name), notes


def _assumptions(header: MetaHeader, *, stated: bool) -> tuple[Flag, ...]:
    notes = []
    if not stated:
        notes.append(unstated_orientation("The MetaImage header states no directions"))
    if len(header.sizes) == 4:
        sentence = (
            f"MetaImage does not say what a 4th axis is: it was taken "
            f"as {counted(header.sizes[3], 'point')} in time."
        )
        notes.append(Flag("axis_unstated", sentence))
    return tuple(notes)
