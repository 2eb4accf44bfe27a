"""A bundle's files, from a folder or a zip, read without trusting either."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Protocol, get_args

from omniseg_backend.bundles.manifest import MANIFEST_NAME, MemberName
from omniseg_backend.common.errors import BundleError

ZIP_SUFFIX = ".omniseg"
_EXPECTED = f"a bundle: a folder or a {ZIP_SUFFIX} file"
_ALLOWED = frozenset({MANIFEST_NAME, *get_args(MemberName)})
_ENCRYPTED = 0x1
#: What ``zipfile`` raises on damaged or crafted files, beside its own error.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


class Container(Protocol):
    """Gives a bundle's files by name."""

    @property
    def names(self) -> frozenset[str]:
        """The files there are; all are names that a bundle may hold."""

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of ``name``; never more than ``limit`` are read or unpacked.

        Raises:
            BundleError: There are more, or they cannot be read.
        """


@contextlib.contextmanager
def open_container(path: Path) -> Iterator[Container]:
    """Open a bundle: a folder, or a zip file.

    Raises:
        BundleError: There is nothing, or it holds a name, link or entry no bundle may hold.
    """
    path = Path(path)
    if path.is_dir():
        with _reading(path):
            folder = _Folder(path)
        yield folder
        return
    with contextlib.ExitStack() as stack:
        with _reading(path):
            archive = _Zip(path, stack.enter_context(zipfile.ZipFile(path)))
        yield archive


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what a missing, damaged or crafted file raises into one sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise BundleError(
            path,
            found="nothing there",
            expected=_EXPECTED,
            remedy="check the path",
        ) from error
    except _DAMAGE as error:
        raise _refused(path, f"a damaged or unknown file ({error})") from error
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link where a file was listed
            raise _refused(path, "a link") from error
        raise BundleError(
            path,
            found=f"a file or folder that cannot be opened ({error.strerror or error})",
            expected=_EXPECTED,
            remedy="check the path, its permissions and the disk",
        ) from error


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path
        names = set()
        with os.scandir(path) as entries:
            for entry in entries:
                _check_name(path, entry.name)
                if entry.is_symlink():
                    raise _refused(path, f"the link {entry.name!r}")
                if not entry.is_file(follow_symlinks=False):
                    raise _refused(path, f"{entry.name!r}, which is no file")
                names.add(entry.name)
        self.names = frozenset(names)

    def read(self, name: str, limit: int) -> bytes:
        # The entry may have been exchanged for a link since it was listed.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with _reading(self._path), os.fdopen(os.open(self._path / name, flags), "rb") as stream:
            content = stream.read(limit + 1)
        return _within(self._path, name, content, limit)


class _Zip:
    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        names = set()
        for entry in archive.infolist():
            # ``filename`` is tidied up by zipfile (NUL cut off); what is stored counts.
            _check_name(path, entry.orig_filename)
            _check_entry(path, entry)
            if entry.filename in names:
                raise _refused(path, f"{entry.filename!r} twice")
            names.add(entry.filename)
        self.names = frozenset(names)

    def read(self, name: str, limit: int) -> bytes:
        with _reading(self._path), self._archive.open(name) as stream:
            content = stream.read(limit + 1)
        return _within(self._path, name, content, limit)


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    mode = entry.external_attr >> 16
    if stat.S_ISLNK(mode):
        raise _refused(path, f"the link {entry.filename!r}")
    if entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise _refused(path, f"{entry.filename!r}, which is no file")
    if entry.flag_bits & _ENCRYPTED:
        raise _refused(path, f"{entry.filename!r} encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(path, f"{entry.filename!r} packed by an unusual method")


def _check_name(path: Path, name: str) -> None:
    if name in _ALLOWED:
        return
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.is_absolute() or windows.drive or windows.root:
        raise _refused(path, f"the absolute path {name!r}")
    if ".." in posix.parts or ".." in windows.parts:
        raise _refused(path, f"the path {name!r}, which leads out of the bundle")
    raise _refused(path, f"the file {name!r}, which no bundle holds")


def _within(path: Path, name: str, content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        raise _refused(path, f"{name} with more than the {limit} bytes stated or allowed")
    return content


def _refused(path: Path, found: str) -> BundleError:
    return BundleError(
        path,
        found=found,
        expected="a bundle with its own files only",
        remedy="do not use it; get it again from where it came",
    )
