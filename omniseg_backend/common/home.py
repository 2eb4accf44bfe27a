"""Where the user's own models, jobs and settings lie."""

from __future__ import annotations

import os
from pathlib import Path

from omniseg_backend.common.errors import DataError

HOME_VARIABLE = "OMNISEG_HOME"


def omniseg_home() -> Path:
    """The folder that ``OMNISEG_HOME`` names, or the platform's place for user data.

    It need not exist yet.
    """
    stated = os.environ.get(HOME_VARIABLE)
    if stated:
        return Path(stated).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("omniseg", appauthor=False))


def file_as_home(place: object) -> DataError | None:
    """The error of a home that is a file.

    Args:
        place: What cannot be read or written; elsewhere than in the home, that is not to blame.
    """
    home = omniseg_home()
    if not _lies_in(place, home) or not home.is_file():
        return None
    return DataError(
        home,
        found="a file",
        expected=f"a folder for OmniSeg's own files, since {HOME_VARIABLE} names it",
        remedy=f"set {HOME_VARIABLE} to a folder that can be written",
    )


def unwritable_home(place: object, reason: str) -> DataError | None:
    """The error of a place in the home that cannot be written; None where it lies elsewhere.

    Nobody chose that place as an output, so another output is no remedy.

    Args:
        place: What was to be written.
        reason: The operating system's.
    """
    if not _lies_in(place, omniseg_home()):
        return None
    return file_as_home(place) or DataError(
        place,
        found=f"a place that cannot be written ({reason})",
        expected=f"a writable folder for OmniSeg's own files ({HOME_VARIABLE})",
        remedy=f"set {HOME_VARIABLE} to a folder that can be written",
    )


def _lies_in(place: object, home: Path) -> bool:
    return isinstance(place, Path) and (home == place or home in place.parents)
