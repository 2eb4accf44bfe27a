"""Writing so that a reader, a full disk or a kill never meets half a file.

Every write goes to a temporary name in the target's own folder and is renamed at the end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from omniseg_backend.common.errors import DataError, FullDiskError, ResourceError
from omniseg_backend.common.home import unwritable_home
from omniseg_backend.common.platform import replace_file

#: Of the folders that hold a file until it is whole; a process that is killed leaves its own.
TEMPORARY_PREFIX = ".omniseg-"

#: The place is to blame, and another one would do. EEXIST and ENOENT arise where a parent of
#: the target is a file, or lies in a file system that makes no folders.
_UNWRITABLE = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENOENT,
    errno.ENAMETOOLONG,
)


def refuse_existing(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that exists unless overwriting was asked for.

    Raises:
        DataError: ``target`` exists and ``overwrite`` is false.
    """
    with writing_errors(target):
        exists = target.exists()
    if exists and not overwrite:
        raise DataError(
            target,
            found="an existing file or folder",
            expected="a new name",
            remedy="choose another output, or allow overwriting (--overwrite)",
        )


def refuse_unwritable(target: Path) -> None:
    """Refuse a target whose folder cannot be made or written, before long work is done for it.

    Raises:
        DataError: The nearest folder that exists cannot be written, or is a file.
        ResourceError: The disk has no room for one more name.
    """
    target = Path(target).absolute()
    with writing_errors(target):
        nearest = next(folder for folder in target.parents if folder.exists())
        if not nearest.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        # Some file systems (/proc) and full disks take nothing, whatever the permissions say.
        Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=nearest)).rmdir()


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary path beside ``target`` that replaces it when the block succeeds.

    The temporary name keeps the target's suffixes, since many writers choose the format by
    them. If the block raises, the temporary file or folder is removed and ``target`` stays
    as it was.

    Raises:
        DataError: The folder cannot be written.
        ResourceError: The disk is full.
    """
    target = Path(target)
    with writing_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=target.parent))
    temporary = holder / target.name
    try:
        with writing_errors(target):
            yield temporary
            if temporary.is_file():
                _flush_to_disk(temporary)
            if target.is_dir() and temporary.is_dir():
                shutil.rmtree(target)
            replace_file(temporary, target)
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def write_bytes_atomic(target: Path, content: bytes) -> None:
    """Write ``content`` to ``target`` in one step, flushed to the disk."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)


def write_text_atomic(target: Path, content: str) -> None:
    """Write ``content`` as UTF-8 to ``target`` in one step, flushed to the disk."""
    write_bytes_atomic(target, content.encode("utf-8"))


@contextlib.contextmanager
def writing_errors(target: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write into the project's errors."""
    try:
        yield
    except OSError as error:
        refusal = write_refusal(target, error)
        if refusal is None:
            raise
        raise refusal from error


def write_refusal(target: object, error: OSError) -> DataError | None:
    """The project's error for a refusal to write, None where the place is not to blame.

    Args:
        target: What was to be written, for the message.
        error: What the operating system raised.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FullDiskError(
            target,
            found="a full disk",
            expected="room for the output",
            remedy="free some space or choose another place",
        )
    if error.errno == errno.EFBIG:
        return ResourceError(
            target,
            found="a limit on the size of files",
            expected="room for the output",
            remedy="choose a disk or a format that allows larger files",
        )
    if error.errno in _UNWRITABLE:
        return unwritable_home(target, str(error.strerror)) or DataError(
            target,
            found=f"a place that cannot be written ({error.strerror})",
            expected="a writable folder",
            remedy="choose another output",
        )
    return None


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
