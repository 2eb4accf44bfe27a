"""The memory that an item takes, guessed from its files before one of them is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

#: The most that a process had over a small volume in windows of 256 x 256, measured: Compact
#: 268 MB, Accurate 437 MB.
PROCESS_BYTES = 450_000_000
#: Of the decoded voxels: themselves, a normalised copy in float32, the mask and its counting.
_COPIES = 4
#: How much larger than its file an image may be: JPEG 20, PNG and archives 4.
_EXPANSION = {".jpg": 20, ".jpeg": 20, ".mp4": 60, ".png": 4, ".zip": 4, ".mha": 3, ".nrrd": 3}
_GZIP_TAIL = 4


def bytes_of_item(decoded: int) -> int:
    """Memory of a process that segments an item, about.

    Whether an item fits is checked again by its reader and by ``refuse_beyond_memory``, from
    true sizes; this is for how many run at once.

    Args:
        decoded: Bytes of its voxels.
    """
    return PROCESS_BYTES + _COPIES * decoded


def decoded_bytes(files: Sequence[Path]) -> int:
    """Bytes of the voxels in files that are not DICOM, about."""
    return sum(_of_file(path) for path in files)


def _of_file(path: Path) -> int:
    try:
        size = path.stat().st_size
        if path.name.lower().endswith(".nii.gz"):
            return max(size, _announced(path))
    except OSError:  # whoever reads it says so
        return 0
    return size * _EXPANSION.get(path.suffix.lower(), 1)


def _announced(path: Path) -> int:
    """What gzip's last four bytes say that it unpacks to, modulo 4 GiB."""
    with path.open("rb") as stream:
        stream.seek(-_GZIP_TAIL, 2)
        return int.from_bytes(stream.read(_GZIP_TAIL), "little")
