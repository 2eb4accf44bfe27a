"""The DICOM files behind a path: one file, those of a folder, or those in a zip archive.

Archives are never unpacked to disk: a member is read into memory when it is needed, so that
its name, whatever it says, touches no file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.platform import available_memory
from omniseg_backend.common.reading import reading_errors, unreadable
from omniseg_backend.common.wording import counted
from omniseg_backend.images.checks import DEFLATE_LIMIT, refuse_larger_than_memory
from omniseg_backend.images.formats import HEAD_BYTES, is_dicom, is_zip

#: Whole-body series have a few thousand files; a disk's root has more.
LARGEST_FOLDER = 20_000

_DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)
_ENCRYPTED = 0x1


@dataclasses.dataclass(frozen=True, eq=False)
class DicomFile:
    """A DICOM file that can be opened.

    Attributes:
        path: The file, or the archive that holds it.
        size: Its bytes; those of a member once unpacked.
        member: Its name in the archive; None for a plain file.
        archive: The opened archive; None for a plain file.
    """

    path: Path
    size: int
    member: str | None = None
    archive: zipfile.ZipFile | None = None

    def __str__(self) -> str:
        return f"{self.path}" if self.member is None else f"{self.path} ({self.member})"

    def open(self) -> BinaryIO:
        """The file's bytes as a stream.

        Raises:
            DataError: It cannot be opened, or the archive is damaged.
        """
        try:
            if self.archive is None or self.member is None:
                return self.path.open("rb")
            # pydicom seeks back and forth, which an archive's stream does by unpacking anew.
            return io.BytesIO(self.archive.read(self.member))
        except RuntimeError as error:
            raise _damaged_archive(self.path, error) from error
        except _DAMAGED_ZIP as error:
            raise DataError(
                self,
                found=f"a file that cannot be read ({_reason(error)})",
                expected="a complete, undamaged file",
                remedy="copy or download it again, and check the permissions",
            ) from error


@contextlib.contextmanager
def dicom_files(
    path: Path, *, available: Callable[[], int] = available_memory
) -> Iterator[list[DicomFile]]:
    """The DICOM files behind ``path``, in the order of their names.

    Whether a file is DICOM is read from its first bytes; other files in a folder or archive
    are passed over. Folders are searched through their subfolders.

    Args:
        path: A DICOM file, a folder or a zip archive.
        available: Says how many bytes of memory are free.

    Yields:
        At least one file; members of an archive can be opened only inside the context.

    Raises:
        DataError: No file is DICOM, there are too many, or the archive is damaged.
        ResourceError: The archive's content does not fit into memory.
    """
    if path.is_dir():
        yield _found(path, _in_folder(path), "a folder")
        return
    if not is_zip(_head(path)):
        yield [DicomFile(path, path.stat().st_size)]
        return
    try:
        archive = zipfile.ZipFile(path)
    except (*_DAMAGED_ZIP, ValueError, RuntimeError) as error:
        raise _damaged_archive(path, error) from error
    with archive:
        yield _found(path, _in_archive(path, archive, available), "a zip archive")


def _found(path: Path, files: list[DicomFile], container: str) -> list[DicomFile]:
    if files:
        return files
    raise DataError(
        path,
        found=f"{container} without a DICOM file",
        expected="the DICOM files of one series",
        remedy=f"name one image file, or {container} that holds a DICOM series",
    )


def _in_folder(folder: Path) -> list[DicomFile]:
    """Regular files only: opening a pipe would wait for ever. Linked folders are not entered."""
    paths: list[Path] = []
    # Left alone, walking passes over folders that cannot be listed, and slices would be missed.
    for place, _, names in os.walk(folder, onerror=_refuse_unlisted):
        paths += (Path(place) / name for name in names)
        _refuse_too_many(folder, len(paths))
    files = []
    for path in sorted(paths):
        try:
            status = path.stat()
        except FileNotFoundError:  # a link to nowhere
            continue
        if stat.S_ISREG(status.st_mode) and is_dicom(_head(path)):
            files.append(DicomFile(path, status.st_size))
    return files


def _refuse_unlisted(error: OSError) -> None:
    raise unreadable(Path(error.filename), error, expected="readable folders") from error


def _head(path: Path) -> bytes:
    with reading_errors(path, expected="readable files"), path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def _in_archive(
    path: Path, archive: zipfile.ZipFile, available: Callable[[], int]
) -> list[DicomFile]:
    members = [info for info in archive.infolist() if not info.is_dir() and info.file_size]
    _refuse_too_many(path, len(members))
    _refuse_bomb(path, members, available)
    files = []
    for info in sorted(members, key=lambda info: info.filename):
        if info.flag_bits & _ENCRYPTED:
            raise DataError(
                path,
                found="an archive that is locked by a password",
                expected="an archive that can be read",
                remedy="unpack it and name the folder",
            )
        try:
            with archive.open(info) as stream:
                head = stream.read(HEAD_BYTES)
        except (*_DAMAGED_ZIP, RuntimeError) as error:
            raise _damaged_archive(path, error) from error
        if is_dicom(head):
            files.append(DicomFile(path, info.file_size, info.filename, archive))
    return files


def _refuse_bomb(path: Path, members: list[zipfile.ZipInfo], available: Callable[[], int]) -> None:
    """Refuse sizes that cannot be true, and true ones that are more than the memory.

    ``zipfile`` itself never unpacks more than the declared size of a member, and compares the
    checksum at its end, so that a member which is larger than declared is found as damaged.
    """
    packed, unpacked = (
        sum(getattr(info, size) for info in members) for size in ("compress_size", "file_size")
    )
    overlapping = packed > path.stat().st_size
    if overlapping or any(info.file_size > info.compress_size * DEFLATE_LIMIT for info in members):
        raise DataError(
            path,
            found=f"an archive of {counted(path.stat().st_size, 'byte')} that claims to hold "
            f"{unpacked}",
            expected="an archive whose sizes are possible",
            remedy="do not open it by other means; get it anew from a source that you trust",
        )
    refuse_larger_than_memory(
        path, unpacked, smaller="unpack it and name the folder of one series", available=available
    )


def _refuse_too_many(path: Path, count: int) -> None:
    if count > LARGEST_FOLDER:
        raise DataError(
            path,
            found=f"more than {LARGEST_FOLDER} files",
            expected="the files of one series",
            remedy="name the folder of one series",
        )


def _damaged_archive(path: Path, error: Exception) -> DataError:
    return DataError(
        path,
        found=f"a zip archive that cannot be unpacked ({_reason(error)})",
        expected="a complete, undamaged archive",
        remedy="copy or download it again, or unpack it and name the folder",
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
