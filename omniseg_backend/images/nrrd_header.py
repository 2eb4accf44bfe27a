"""The text header of NRRD: fields, key/value pairs, and what they say about the voxels.

References:
    https://teem.sourceforge.net/nrrd/format.html
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import BinaryIO

import numpy as np

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.wording import counted
from omniseg_backend.images.raw_block import Encoding

MAGIC = b"NRRD000"

#: Bytes; 3D Slicer's table of 1000 segments takes 0.5 MB.
_LARGEST_HEADER = 1 << 24

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": (
        "longlong", "long long", "long long int", "signed long long", "signed long long int",
        "int64", "int64_t",
    ),
    "u8": (
        "ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t",
    ),
    "f4": ("float",),
    "f8": ("double",),
}  # fmt: skip
_DTYPES = {name: code for code, names in _TYPES.items() for name in names}
_ENCODINGS: dict[str, Encoding] = {
    "raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2",
}  # fmt: skip
#: Fields that may be written in two ways.
_SPELLINGS = {
    "centers": "centerings",
    "datafile": "data file",
    "lineskip": "line skip",
    "byteskip": "byte skip",
}


@dataclasses.dataclass(frozen=True)
class NrrdHeader:
    """A parsed header.

    Attributes:
        path: Its file, for messages.
        fields: The format's own fields, by lower-case name.
        pairs: Key/value pairs, which other programs may add freely.
        end: The byte after the header, where inline voxels begin.
    """

    path: Path
    fields: dict[str, str]
    pairs: dict[str, str]
    end: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """Lengths of the axes, the fastest first.

        Raises:
            DataError: They are missing, empty or not as many as the dimension.
        """
        dimension = self.integer("dimension")
        lengths = [int(word) for word in self.words("sizes") if word.isdecimal()]
        if len(lengths) != dimension or not 1 <= dimension <= 16 or min(lengths) < 1:
            raise self.problem(
                f"{counted(dimension, 'dimension')} with the sizes "
                f"{self.fields.get('sizes', 'missing')}",
                "as many sizes of at least 1 as dimensions",
            )
        return tuple(lengths)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The stored voxel type, with its byte order.

        Raises:
            DataError: It is unknown, or its byte order is not stated.
        """
        name = self.fields.get("type", "missing").lower()
        code = _DTYPES.get(name)
        if code is None:
            raise self.problem(f"the voxel type {name!r}", "integers, float or double")
        endian = {"little": "<", "big": ">"}.get(self.fields.get("endian", "").lower())
        if endian is None and not code.endswith("1"):
            raise self.problem("no byte order (endian)", "little or big beside this voxel type")
        return np.dtype(f"{endian or '<'}{code}")

    @property
    def encoding(self) -> Encoding:
        """How the voxels are compressed.

        Raises:
            DataError: They are stored in another way, such as text.
        """
        name = self.fields.get("encoding", "missing").lower()
        if name not in _ENCODINGS:
            raise DataError(
                self.path,
                found=f"the encoding {name!r}",
                expected="raw, gzip or bzip2",
                remedy="save it with gzip, which every program reads",
            )
        return _ENCODINGS[name]

    def integer(self, name: str, default: int | None = None) -> int:
        """A field that holds one whole number.

        Raises:
            DataError: It is missing without a default, or something else.
        """
        text = self.fields.get(name)
        if text is None and default is not None:
            return default
        if text is None or not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise self.problem(f"the field {name!r} {text or 'missing'}", "a whole number there")
        return int(text)

    def words(self, name: str) -> list[str]:
        """The words of a field; quoted ones may hold spaces. Empty where it is missing."""
        found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', self.fields.get(name, ""))
        return [quoted or plain for quoted, plain in found]

    def vectors(self, name: str) -> list[tuple[float, ...] | None]:
        """The vectors of a field; None for each ``none``. Empty where it is missing.

        Raises:
            DataError: A part of one is no number.
        """
        found: list[tuple[float, ...] | None] = []
        for inner, word in re.findall(r"\(([^()]*)\)|([^\s()]+)", self.fields.get(name, "")):
            if word.lower() == "none":
                found.append(None)
                continue
            try:
                found.append(tuple(float(part) for part in (inner or word).split(",")))
            except ValueError:
                raise self.problem(
                    f"the field {name!r} {self.fields[name]!r}", "vectors such as (1,0,0)"
                ) from None
        return found

    def problem(self, found: str, expected: str) -> DataError:
        """The error of a header that says ``found``."""
        return DataError(
            self.path,
            found=found,
            expected=expected,
            remedy="export the image again, or correct the header",
        )


def read_header(path: Path, stream: BinaryIO) -> NrrdHeader:
    """The header at the start of ``stream``.

    Raises:
        DataError: It is cut off, too long, or not of this format.
    """
    fields: dict[str, str] = {}
    pairs: dict[str, str] = {}
    header = NrrdHeader(path, fields, pairs, 0)
    if not stream.readline(_LARGEST_HEADER).startswith(MAGIC):
        raise header.problem("no first line such as NRRD0005", "an NRRD header")
    while (line := stream.readline(_LARGEST_HEADER).rstrip(b"\r\n")) != b"":
        if stream.tell() > _LARGEST_HEADER:
            raise header.problem("a header without an end", "an empty line before the voxels")
        if not line.startswith(b"#"):
            _take(header, line.decode("utf-8", errors="replace"))
    return dataclasses.replace(header, end=stream.tell())


def _take(header: NrrdHeader, line: str) -> None:
    name, mark, value = line.partition(":")
    if mark and value.startswith("="):
        header.pairs[name] = _unescape(value[1:])
    elif mark and value.startswith(" "):
        name = name.strip().lower()
        header.fields[_SPELLINGS.get(name, name)] = value.strip()
    else:
        raise header.problem(f"the line {line[:60]!r}", "lines such as 'field: value'")


def escape(text: str) -> str:
    """``text`` as the value of a key/value pair."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), text)
