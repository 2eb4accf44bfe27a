"""Files of a data set by name: endings, stems, order."""

from __future__ import annotations

import re
from pathlib import Path

from omniseg_backend.common.reading import reading_errors
from omniseg_backend.images.formats import readable_suffixes

#: Lossy: neighbouring label values bleed into each other.
LOSSY_ENDINGS = (".jpg", ".jpeg")


#: Read as images elsewhere, but nothing to train on: a video's frames are lossy and have no
#: masks beside them, and an archive hides what a data set must name.
_NO_MEMBERS = (".zip", ".avi", ".mp4")

#: Voxels that a header of the same name describes; no images by themselves.
_HEADERS_OF = {
    ".img": (".hdr",),
    ".img.gz": (".hdr",),
    ".raw": (".mhd", ".nhdr"),
    ".zraw": (".mhd",),
    ".raw.gz": (".nhdr",),
}


def member_suffixes() -> tuple[str, ...]:
    """The endings of files that can be members of a data set."""
    return tuple(ending for ending in readable_suffixes() if ending not in _NO_MEMBERS)


def ending_of(path: Path) -> str | None:
    """The ending of a data set's image in lower case, or None where the file can be none."""
    name = path.name.lower()
    return next((ending for ending in member_suffixes() if name.endswith(ending)), None)


def is_headers_half(path: Path) -> bool:
    """Whether a file holds the voxels of a header that lies beside it (``.hdr``, ``.mhd``)."""
    name = path.name.lower()
    for ending, headers in _HEADERS_OF.items():
        if name.endswith(ending):
            stem = path.name[: -len(ending)]
            return any(path.with_name(stem + header).is_file() for header in headers)
    return False


def stem_of(path: Path) -> str:
    """A file's name without its image ending: ``a.b.nii.gz`` gives ``a.b``."""
    ending = ending_of(path)
    return path.name[: -len(ending)] if ending else path.stem


def natural_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """A sorting key under which ``slice_2`` comes before ``slice_10``."""
    pieces = re.split(r"(\d+)", text)
    return tuple((0, int(piece)) if piece.isdecimal() else (1, piece) for piece in pieces if piece)


def visible_files(folder: Path) -> list[Path]:
    """The files in ``folder`` but hidden ones, in natural order.

    Raises:
        DataError: The folder cannot be listed.
    """
    with reading_errors(folder, expected="a readable folder"):
        entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
        files = [path for path in entries if path.is_file()]
    return sorted(files, key=lambda path: natural_key(path.name))
