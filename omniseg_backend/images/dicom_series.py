"""Choosing one series among the DICOM files of a folder."""

from __future__ import annotations

import collections
import re
from pathlib import Path

from pydicom.uid import RE_VALID_UID

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.common.wording import counted
from omniseg_backend.images.dicom_files import DicomFile
from omniseg_backend.images.dicom_header import Header
from omniseg_backend.images.dicom_kinds import refuse_no_image
from omniseg_backend.images.dicom_parsing import parse_header

_LONGEST_LIST = 8
#: Of the modality codes of PS3.3 C.7.3.1.1.1, none has more letters.
_LONGEST_CODE = 9


def read_series(path: Path, files: list[DicomFile], series_uid: str | None) -> list[Header]:
    """The headers of one series; what is no image is passed over beside images.

    Args:
        path: The file, folder or archive, for messages.
        files: Its DICOM files.
        series_uid: Which series; may be left out where there is only one.

    Returns:
        At least one header, in the order of the file names.

    Raises:
        DataError: A header is damaged, nothing is an image, or there are several series and
            none was named.
        UsageError: There is no series of this name.
    """
    headers, others = [], set()
    for file in files:
        header = parse_header(file)
        if isinstance(header, Header):
            headers.append(header)
        else:
            others.add(header)
    if not headers:
        raise refuse_no_image(path, " and ".join(sorted(others)))
    series: dict[str, list[Header]] = collections.defaultdict(list)
    for header in headers:
        series[header.series_uid].append(header)
    if series_uid is not None:
        if series_uid not in series:
            raise UsageError(
                f"series {series_uid}",
                found=f"no such series in {path}",
                expected=_listed(series),
                remedy="name one of these",
            )
        return series[series_uid]
    if len(series) > 1:
        raise DataError(
            path,
            found=f"{len(series)} series: {_listed(series)}",
            expected="one series",
            remedy="name one by its number or UID (--series), or copy its files apart",
        )
    return headers


def _listed(series: dict[str, list[Header]]) -> str:
    """``UID (CT, 120 images of 512 x 512)``, and so on; without the texts that people typed."""
    shown = [
        f"{_uid(found[0])} ({_code(found[0])}, "
        f"{counted(sum(len(header.frames) for header in found), 'image')} of "
        f"{found[0].pixels.columns} x {found[0].pixels.rows})"
        for _, found in sorted(series.items())[:_LONGEST_LIST]
    ]
    return ", ".join(shown) + (" and more" if len(series) > _LONGEST_LIST else "")


def _uid(header: Header) -> str:
    """The number, if it is one: in a damaged file it could be anything."""
    uid = header.series_uid
    return uid if re.fullmatch(RE_VALID_UID, uid) else "without a valid number"


def _code(header: Header) -> str:
    """The modality's code, likewise."""
    code = header.modality_code
    return code if code.isalpha() and code.isupper() and len(code) <= _LONGEST_CODE else "unknown"
