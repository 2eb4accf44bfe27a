"""The file formats that can be read: their suffixes, their content and their module.

A format is added by one more row of ``FORMATS`` and a module that satisfies ``FormatModule``.
"""

from __future__ import annotations

import dataclasses
import importlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.flags import Flag
from omniseg_backend.common.reading import reading_errors
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image


@dataclasses.dataclass(frozen=True, eq=False)
class LabelFile:
    """What a file says about a segmentation, before its classes are named.

    Attributes:
        labels: Shape (time, i, j, k), uint8 or uint16.
        geometry: Where the voxels lie.
        has_time: Whether the file has a time axis.
        frame_seconds: Time between frames where the file states it.
        record: The record that this project's writers embed (see ``records``), or None.
        notes: What the reader assumed where the file was silent or contradicted itself.
    """

    labels: NDArray[np.unsignedinteger]
    geometry: Geometry
    has_time: bool = False
    frame_seconds: float | None = None
    record: str | None = None
    notes: tuple[Flag, ...] = ()


class FormatModule(Protocol):
    """What the module of a format offers."""

    def load_image(self, path: Path) -> Image:
        """Read ``path`` as an image."""

    def load_labels(self, path: Path) -> LabelFile:
        """Read ``path`` as a label map."""

    def holds_labels(self, path: Path) -> bool:
        """Whether ``path`` itself says that it is a label map; its voxels are not decoded."""


@dataclasses.dataclass(frozen=True)
class Format:
    """One row of the table.

    Attributes:
        name: As the messages call it, with its article.
        suffixes: Lower-case endings of file names.
        module: Dotted name of its ``FormatModule``; imported when a file is read.
        matches: Whether a file's first bytes (``HEAD_BYTES`` at most) are of this format.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    matches: Callable[[bytes], bool]

    def load_module(self) -> FormatModule:
        """Import the module; slow libraries are loaded here and not earlier."""
        return cast(FormatModule, importlib.import_module(self.module))


HEAD_BYTES = 1024
_EXPECTED = "an image file"
_GZIP = b"\x1f\x8b"
#: A NIfTI file begins with its header's length, 348 (NIfTI-1) or 540 (NIfTI-2), in the
#: writer's byte order.
_NIFTI_LENGTHS = tuple(
    length.to_bytes(4, order) for length in (348, 540) for order in ("little", "big")
)
#: The first element of a data set is one of (0002|0008,0000) to (0008,0018).
_LAST_FIRST_ELEMENT = 0x18
_FIRST_TYPES = (b"UL", b"OB", b"UI", b"CS", b"DA", b"TM")
_LONGEST_FIRST_VALUE = 256


def _is_nifti(head: bytes) -> bool:
    return head[:4] in _NIFTI_LENGTHS


def _is_nifti_pair(head: bytes) -> bool:
    # ANALYZE 7.5 begins alike and has no magic; the reader says why it is refused.
    return _is_nifti(head) and b"n+" not in (head[344:346], head[4:6])


def _is_nifti_gz(head: bytes) -> bool:
    if not head.startswith(_GZIP):
        return False
    try:
        return _is_nifti(zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(head, 4))
    except zlib.error:
        return False


def _is_png(head: bytes) -> bool:
    return head.startswith(b"\x89PNG\r\n\x1a\n")


def _is_jpeg(head: bytes) -> bool:
    return head.startswith(b"\xff\xd8\xff")


def _is_bmp(head: bytes) -> bool:
    return head.startswith(b"BM")


def _is_tiff(head: bytes) -> bool:
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_dicom(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is DICOM, with or without the preamble.

    Files from before 1993 lack the preamble and begin with a tag of group 2 or 8, followed by
    the two capital letters of a type or by a short length.
    """
    if head[128:132] == b"DICM":
        return True
    for order in ("little", "big"):
        group, element = (int.from_bytes(head[n : n + 2], order) for n in (0, 2))
        if group in (2, 8) and element <= _LAST_FIRST_ELEMENT and len(head) > 8:
            length = int.from_bytes(head[4:8], order)
            return head[4:6] in _FIRST_TYPES or length <= _LONGEST_FIRST_VALUE
    return False


def is_zip(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a zip archive."""
    return head.startswith(b"PK\x03\x04")


def _is_avi(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == b"AVI "


def _is_mp4(head: bytes) -> bool:
    return head[4:8] == b"ftyp"


#: Also what a folder is read as, and files whose name says nothing: scanners write names such
#: as ``IM0001`` or ``1.2.840.113619.2.5``.
DICOM = Format("a DICOM file", (".dcm", ".dicom", ".ima"), "omniseg_backend.images.dicom", is_dicom)


def _is_metaimage(head: bytes) -> bool:
    return head.split(b"=")[0].strip() in (b"ObjectType", b"NDims", b"Comment")


def _is_nrrd(head: bytes) -> bool:
    return head.startswith(b"NRRD000")


FORMATS: tuple[Format, ...] = (
    Format("a compressed NIfTI", (".nii.gz",), "omniseg_backend.images.nifti", _is_nifti_gz),
    Format("an uncompressed NIfTI", (".nii",), "omniseg_backend.images.nifti", _is_nifti),
    Format("the header of a NIfTI pair", (".hdr",), "omniseg_backend.images.nifti", _is_nifti_pair),
    Format("a PNG picture", (".png",), "omniseg_backend.images.raster", _is_png),
    Format("a JPEG picture", (".jpg", ".jpeg"), "omniseg_backend.images.raster", _is_jpeg),
    Format("a BMP picture", (".bmp",), "omniseg_backend.images.raster", _is_bmp),
    Format(
        "a TIFF picture",
        (".ome.tif", ".ome.tiff", ".tif", ".tiff"),
        "omniseg_backend.images.tiff",
        _is_tiff,
    ),
    Format("a MetaImage", (".mha", ".mhd"), "omniseg_backend.images.metaimage", _is_metaimage),
    Format(
        "an NRRD volume", (".seg.nrrd", ".nrrd", ".nhdr"), "omniseg_backend.images.nrrd", _is_nrrd
    ),
    DICOM,
    Format("a zip archive", (".zip",), "omniseg_backend.images.dicom", is_zip),
    Format("an AVI video", (".avi",), "omniseg_backend.images.video", _is_avi),
    Format("an MP4 video", (".mp4",), "omniseg_backend.images.video", _is_mp4),
)

#: Content that people meet under a wrong name, beside the formats above.
_FOREIGN: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("an HDF5 file", lambda head: head.startswith(b"\x89HDF")),
    ("a GIF picture", lambda head: head.startswith(b"GIF8")),
    ("a PDF document", lambda head: head.startswith(b"%PDF")),
    ("a gzip-compressed file", lambda head: head.startswith(_GZIP)),
    ("a web page", lambda head: head.lstrip()[:5].lower() in (b"<html", b"<!doc")),
)

#: Voxels without a header of their own.
_HEADER_NAMED_INSTEAD = {
    ".img": "name the .hdr file beside it",
    ".raw": "name the .mhd or .nhdr file beside it",
    ".zraw": "name the .mhd file beside it",
}


def readable_suffixes() -> tuple[str, ...]:
    """The endings of file names that can be read."""
    return tuple(suffix for row in FORMATS for suffix in row.suffixes)


def format_by_name(path: Path) -> Format:
    """The format that the file's name announces, whether the file exists or not.

    Raises:
        DataError: No format has this suffix.
    """
    for row in FORMATS:
        if _is_named(path, row):
            return row
    raise DataError(
        path,
        found=f"the suffix {path.suffix!r}" if path.suffix else "a name without a suffix",
        expected=f"one of {', '.join(readable_suffixes())}",
        remedy=_HEADER_NAMED_INSTEAD.get(path.suffix.lower())
        or "convert the file, or give it the suffix of its format",
    )


def format_of(path: Path) -> Format:
    """The format of an existing file, by its suffix and confirmed by its content.

    A folder, and a DICOM file whose name has no suffix of a format, are DICOM.

    Raises:
        DataError: The file is missing, unreadable or empty, its suffix is unknown, or its
            content is of another format.
    """
    with reading_errors(path, expected=_EXPECTED):
        if path.is_dir():
            return DICOM
        head = _read_head(path)
    named = DICOM if is_dicom(head) and not _has_known_suffix(path) else format_by_name(path)
    if named.matches(head):
        return named
    raise DataError(
        path,
        found=_describe_content(head),
        expected=f"{named.name}, as the suffix says",
        remedy="give the file the suffix of its format, or get it anew if it was damaged",
    )


def _is_named(path: Path, row: Format) -> bool:
    name = path.name.lower()
    return name.endswith(row.suffixes) and name not in row.suffixes


def _has_known_suffix(path: Path) -> bool:
    return any(_is_named(path, row) for row in FORMATS)


def _read_head(path: Path) -> bytes:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise DataError(
            path,
            found="an empty file (0 bytes)",
            expected=_EXPECTED,
            remedy="copy or download the file again",
        )
    return head


def _describe_content(head: bytes) -> str:
    known = ((row.name, row.matches) for row in FORMATS)
    for name, matches in (*known, *_FOREIGN):
        if matches(head):
            return f"the content of {name}"
    return "content of no known image format"
