"""SHA-256 of files and of decoded voxels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Values that are turned to floats at a time.
_PART = 2**20


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_bytes(content: bytes) -> str:
    """SHA-256 of ``content``, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_voxels(array: NDArray[np.generic]) -> str:
    """SHA-256 of an array's shape and values, whatever its memory order.

    Values are hashed as little-endian 64-bit floats (integers up to 2**53 are exact), so that
    one picture stored as PNG or NIfTI, as uint8 or int16, has one hash.
    """
    digest = hashlib.sha256(repr(tuple(array.shape)).encode())
    for part in _parts(array):
        digest.update(np.ascontiguousarray(part, dtype="<f8").data)
    return digest.hexdigest()


def _parts(array: NDArray[np.generic]) -> Iterator[NDArray[np.generic]]:
    """An array in pieces, in the order of its values.

    As one piece 512 x 512 x 100 voxels would take 400 MB more, and their copy would hold up all
    other threads of the process, a viewer's too, for half a second.
    """
    if array.size <= _PART or array.ndim < 2:
        yield array
        return
    for part in array:
        yield from _parts(part)


def sha256_case(image_hashes: Sequence[str]) -> str:
    """SHA-256 of a case from those of its images' voxels, in slice order.

    A case of one image has the image's own hash, so that a volume is recognised whether it
    came alone or as a case.
    """
    if len(image_hashes) == 1:
        return image_hashes[0]
    return sha256_bytes("\n".join(image_hashes).encode())
