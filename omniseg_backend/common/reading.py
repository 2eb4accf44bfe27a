"""What the operating system says when it will not let a file or folder be read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.home import file_as_home


def unreadable(subject: object, error: OSError, *, expected: str) -> DataError:
    """The project's error for a file or folder that cannot be opened.

    Args:
        subject: The file or folder.
        error: What the operating system raised.
        expected: What should be there: ``an image file``.
    """
    if isinstance(error, FileNotFoundError):
        return DataError(
            subject, found="nothing", expected=expected, remedy="check the name and the folder"
        )
    if isinstance(error, NotADirectoryError) and (refusal := file_as_home(subject)) is not None:
        return refusal
    kind = "folder" if isinstance(subject, Path) and _is_folder(subject) else "file"
    return DataError(
        subject,
        found=f"a {kind} that cannot be opened ({error.strerror or type(error).__name__})",
        expected=expected,
        remedy="check the path, its permissions and the disk",
    )


@contextlib.contextmanager
def reading_errors(subject: object, *, expected: str) -> Iterator[None]:
    """Turn the operating system's refusals to read into ``unreadable``'s error."""
    try:
        yield
    except OSError as error:
        raise unreadable(subject, error, expected=expected) from error


def _is_folder(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.is_dir()
    return False
