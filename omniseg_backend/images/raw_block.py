"""Voxels that a file keeps as one block, plain or compressed: NRRD and MetaImage.

Read here and not by ITK, which gives the declared size away before it looks at the file, and
does not compare zlib's checksum (measured with SimpleITK 2.5: a MetaImage with one changed
bit is read without a word).
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import math
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, cast

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.checks import (
    DEFLATE_LIMIT,
    refuse_cut_off,
    refuse_larger_than_memory,
)

Encoding = Literal["raw", "gzip", "zlib", "bzip2"]

_CHUNK = 1 << 20
#: Bytes that may follow the voxels before a compressed stream's end is given up.
_LARGEST_SURPLUS = 1 << 26


def read_block(
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    *,
    encoding: Encoding = "raw",
    start: int = 0,
    skip: int = 0,
) -> NDArray[np.generic]:
    """Decode voxels whose declared size was first compared with the file and the memory.

    Args:
        path: The file that holds them.
        shape: Lengths of the axes, the fastest first.
        dtype: The stored type, with its byte order.
        encoding: How the block is compressed.
        start: The byte of the file at which the block begins.
        skip: Decoded bytes to pass over; -1 for a plain block that ends with the file.

    Returns:
        An array of ``shape`` in Fortran order and the machine's byte order.

    Raises:
        DataError: The file holds fewer voxels than declared, or is damaged.
        ResourceError: The voxels do not fit into memory.
    """
    size = math.prod(shape) * dtype.itemsize
    held = max(0, path.stat().st_size - start)
    skipped = max(skip, 0)
    if encoding == "bzip2":
        capacity = _bzip2_length(path, start, skipped + size)
    else:
        capacity = held if encoding == "raw" else held * DEFLATE_LIMIT
    refuse_cut_off(path, found_bytes=max(0, capacity - skipped), expected_bytes=size)
    swapped = not dtype.isnative
    refuse_larger_than_memory(path, size * (2 if swapped else 1))
    first = start + (held - size if skip == -1 else 0)
    with _damaged(path), path.open("rb") as file:
        file.seek(first)
        chunks = _chunks(file, encoding)
        voxels = _collect(path, chunks, size, skipped, checksum=encoding != "raw")
    stored = voxels.view(dtype).reshape(shape, order="F")
    return stored.astype(dtype.newbyteorder("="), copy=False)


def partner_file(header: Path, stated: str) -> Path:
    """The file of voxels that a header names, which must lie with the header or below.

    Raises:
        DataError: The name leads elsewhere, or there is no such file.
    """
    parts = PurePosixPath(stated.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in stated or "\0" in stated:
        raise DataError(
            header,
            found=f"voxels in {stated!r}, a place outside the header's folder",
            expected="a file beside the header",
            remedy="move both files into one folder and correct the name in the header",
        )
    partner = header.parent.joinpath(*parts.parts)
    if not partner.is_file():
        raise DataError(
            header,
            found=f"no file {stated!r} beside the header",
            expected="the voxels there, as the header says",
            remedy="copy both files into one folder",
        )
    return partner


def _bzip2_length(path: Path, start: int, enough: int) -> int:
    """How much a block of bzip2 holds, counted up to ``enough``; its expansion has no limit."""
    length = 0
    with _damaged(path), path.open("rb") as file:
        file.seek(start)
        for chunk in _chunks(file, "bzip2"):
            length += len(chunk)
            if length >= enough:
                break
    return length


@contextlib.contextmanager
def _damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, OSError, ValueError) as error:
        raise DataError(
            path,
            found=f"damaged or cut-off voxels ({error})",
            expected="a complete file that can be read to its end",
            remedy="copy or download the file again",
        ) from error


def _collect(
    path: Path, chunks: Iterator[bytes], size: int, skip: int, *, checksum: bool
) -> NDArray[np.uint8]:
    """The bytes after ``skip``; what follows is read too where a checksum stands at the end."""
    # Pages of an empty array cost memory only once they are written.
    voxels = np.empty(size, dtype=np.uint8)
    done = surplus = 0
    for chunk in chunks:
        wanted = chunk[skip : skip + size - done]
        voxels[done : done + len(wanted)] = np.frombuffer(wanted, np.uint8)
        done += len(wanted)
        skip = max(0, skip - len(chunk))
        surplus += len(chunk) - len(wanted)
        if done == size and (not checksum or surplus > _LARGEST_SURPLUS):
            break
    refuse_cut_off(path, found_bytes=done, expected_bytes=size)
    return voxels


def _chunks(file: BinaryIO, encoding: Encoding) -> Iterator[bytes]:
    if encoding == "zlib":
        yield from _inflated(file)
        return
    stream = file
    if encoding == "gzip":
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=file))
    elif encoding == "bzip2":
        stream = cast(BinaryIO, bz2.BZ2File(file))
    while chunk := stream.read(_CHUNK):
        yield chunk


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    decoder = zlib.decompressobj()
    while not decoder.eof:
        pending = decoder.unconsumed_tail or file.read(_CHUNK)
        chunk = decoder.decompress(pending, _CHUNK)
        if not pending and not chunk:
            raise EOFError("the compressed stream ends too early")
        yield chunk
