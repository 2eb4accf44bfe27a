"""Whether files are those of an earlier run: by size and time, or else by content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pydantic

from omniseg_backend.common.hashing import sha256_file
from omniseg_backend.common.reading import reading_errors


class FileStamp(pydantic.BaseModel):
    """What the file system says of a file.

    Attributes:
        name: Relative to the batch's folder, with ``/``.
        size: Bytes.
        modified: Nanoseconds since 1970.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    name: str
    size: int
    modified: int


def stamps(folder: Path, files: Sequence[Path]) -> tuple[FileStamp, ...]:
    """The stamps of files inside ``folder``, in their order.

    Raises:
        DataError: One is gone or closed.
    """
    made = []
    for path in files:
        with reading_errors(path, expected="a readable file"):
            status = path.stat()
        name = path.relative_to(folder).as_posix()
        made.append(FileStamp(name=name, size=status.st_size, modified=status.st_mtime_ns))
    return tuple(made)


def content_hash(folder: Path, files: Sequence[Path]) -> str:
    """SHA-256 over the names and contents of files inside ``folder``.

    Raises:
        DataError: One is gone or closed.
    """
    digest = hashlib.sha256()
    for path in files:
        with reading_errors(path, expected="a readable file"):
            digest.update(f"{path.relative_to(folder).as_posix()} {sha256_file(path)}\n".encode())
    return digest.hexdigest()
