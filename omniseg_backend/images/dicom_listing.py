"""Which series lie in many DICOM files, read from headers one at a time."""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.progress import Cancel, check_cancel
from omniseg_backend.images.dicom_dataset import read_dataset
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.dicom_kinds import lacks_its_image, not_an_image, refuse_no_image
from omniseg_backend.images.dicom_tags import Tags, quiet_pydicom


@dataclasses.dataclass(frozen=True)
class ListedSeries:
    """One series among the files.

    Attributes:
        uid: Series Instance UID; empty where the files state none.
        files: In the order given.
        bytes: Of its decoded pixels.
    """

    uid: str
    files: tuple[Path, ...]
    bytes: int


@dataclasses.dataclass(frozen=True)
class DicomListing:
    """What many DICOM files are.

    Attributes:
        series: In the order of their first files.
        damaged: Files whose header cannot be read or ends early, with the reason.
        others: How many files are no images: reports, segmentations, a DICOMDIR.
    """

    series: tuple[ListedSeries, ...]
    damaged: tuple[tuple[Path, DataError], ...]
    others: int


def list_series(paths: Sequence[Path], *, cancel: Cancel | None = None) -> DicomListing:
    """Sort DICOM files by series; a header is let go before the next is read.

    Files without a series number are taken for one series per folder.

    Args:
        paths: DICOM files, from any number of folders.
        cancel: Looked at before every file.

    Raises:
        CancelledError: The user cancelled.
    """
    files: dict[tuple[str, str], list[Path]] = collections.defaultdict(list)
    sizes: collections.Counter[tuple[str, str]] = collections.Counter()
    damaged, others = [], 0
    for path in paths:
        check_cancel(cancel, "the search for images")
        try:
            found = _series_of(path)
        except DataError as error:
            damaged.append((path, error))
            continue
        if found is None:
            others += 1
            continue
        uid, size = found
        key = (uid, "" if uid else str(path.parent))
        files[key].append(path)
        sizes[key] += size
    listed = tuple(ListedSeries(key[0], tuple(own), sizes[key]) for key, own in files.items())
    return DicomListing(listed, tuple(damaged), others)


def _series_of(path: Path) -> tuple[str, int] | None:
    """Series number and bytes of the decoded pixels; None for what is no image."""
    file = DicomFile(path, path.stat().st_size)
    tags = Tags(read_dataset(file, pixels=False), file)
    with quiet_pydicom():
        what = not_an_image(tags)
        if what is not None:
            if lacks_its_image(tags):
                raise refuse_no_image(path, what)
            return None
        counts = [tags.whole(name) or 1 for name in ("Rows", "Columns", "SamplesPerPixel")]
        frames, bits = tags.whole("NumberOfFrames") or 1, tags.whole("BitsAllocated") or 8
        return tags.text("SeriesInstanceUID"), math.prod(counts) * frames * math.ceil(bits / 8)
