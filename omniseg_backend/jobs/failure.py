"""An error that nobody foresaw, written down without what a file may say of a patient."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

from omniseg_backend.common.atomic import write_text_atomic
from omniseg_backend.common.errors import OmniSegError, ResourceError

#: Their messages may quote a header: a name, a number, a date of birth.
_READERS = (
    "omniseg_backend/images", "/pydicom/", "/highdicom/", "/gdcm", "/SimpleITK/", "/nibabel/",
    "/tifffile/", "/PIL/",
)  # fmt: skip
_LEFT_OUT = "(message left out: it may quote what a file says of a patient)"


def sentence_of(error: BaseException) -> str:
    """What the user is told."""
    if isinstance(error, OmniSegError):
        return str(error)
    if isinstance(error, MemoryError):
        return str(
            ResourceError(
                "memory",
                found="too little for this job",
                expected="room for all of it",
                remedy="close other programs, limit the work, or use a larger machine",
            )
        )
    return (
        f"The job: found an unexpected {type(error).__name__}, expected none; "
        "report what traceback.txt in its folder says."
    )


def write_traceback(error: BaseException, path: Path) -> None:
    """Write where in the code an error arose, and those that caused it.

    Messages of errors that passed through a reader of images are left out.
    """
    parts: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        frames = traceback.format_tb(seen.__traceback__)
        message = _LEFT_OUT if _read_an_image(seen.__traceback__) else str(seen)
        parts.insert(0, "".join(frames) + f"{type(seen).__name__}: {message}\n")
        seen = seen.__cause__ or seen.__context__
    write_text_atomic(path, "\nwhich led to:\n\n".join(parts))


def _read_an_image(trace: TracebackType | None) -> bool:
    files = (frame.f_code.co_filename for frame, _ in traceback.walk_tb(trace))
    return any(reader in file.replace("\\", "/") for file in files for reader in _READERS)
