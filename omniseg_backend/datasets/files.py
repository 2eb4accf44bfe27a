"""Files of a data set by name: endings, stems, order."""

from __future__ import annotations

import re
from pathlib import Path

from omniseg_backend.common.reading import reading_errors
from omniseg_backend.images.formats import readable_suffixes

#: Lossy: neighbouring label values bleed into each other.
LOSSY_ENDINGS = (".jpg", ".jpeg")


def ending_of(path: Path) -> str | None:
    """The image ending of a file's name in lower case, or None where it has none."""
    name = path.name.lower()
    return next((ending for ending in readable_suffixes() if name.endswith(ending)), None)


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
