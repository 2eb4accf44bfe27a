"""The folder of a site data set, as a user types, pastes or chooses it."""

from __future__ import annotations

import errno
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.reading import unreadable

_DESCRIPTION = "dataset.json"
_EXPECTED = "the folder of a site data set"
_QUOTES = ("'", '"')
#: Letters of a path that a sentence shows; the middle of a longer one is left out.
_LONGEST = 80


def named_folder(text: str) -> Path:
    """The folder that a user means, which need not exist.

    Quotation marks around it, as file managers copy them, are dropped; ``~`` is the user's home;
    the ``dataset.json`` of a data set stands for its folder.

    Args:
        text: As it stands in the field.

    Returns:
        An absolute path.

    Raises:
        DataError: No folder can be called so, or it must not be looked at.
    """
    plain = text.strip()
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in _QUOTES:
        plain = plain[1:-1].strip()
    if "\0" in plain:
        raise _no_path(plain.replace("\0", "?"), "a character that no path has")
    try:
        path = Path(plain).expanduser().absolute()
    except RuntimeError as error:  # of a user who does not exist
        raise _no_path(plain, "no user of that name") from error
    if path.name == _DESCRIPTION:
        path = path.parent
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise _no_path(plain, f"a path of {len(plain)} letters") from error
        raise unreadable(path, error, expected=_EXPECTED) from error
    return path


def _no_path(text: str, found: str) -> DataError:
    half = _LONGEST // 2
    shown = text if len(text) <= _LONGEST else f"{text[:half]}…{text[-half:]}"
    return DataError(
        shown, found=found, expected=_EXPECTED, remedy="check what was typed or pasted"
    )
