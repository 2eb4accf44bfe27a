"""The size that a compressed frame itself announces, read before it is decoded.

A decoder gives away memory by the codestream's own size, not by the DICOM header's: a frame of
some hundred bytes may announce 65535 x 65535 pixels.

References:
    ITU-T T.81 annex B (JPEG), T.87 annex C (JPEG-LS), T.800 annex A.5.1 (JPEG 2000, SIZ).
"""

from __future__ import annotations

from typing import NamedTuple

_JPEG_START = b"\xff\xd8"
_J2K_START = b"\xff\x4f\xff\x51"
#: A JPEG 2000 codestream may be wrapped in boxes, against the DICOM standard.
_LONGEST_WRAPPING = 512
_JPEG_LS_FRAME = 0xF7
#: SOF0 to SOF15, without the three codes of the range that are tables.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {_JPEG_LS_FRAME}
_START_OF_SCAN = 0xDA


class FrameSize(NamedTuple):
    """What a codestream announces."""

    rows: int
    columns: int
    samples: int


def announced_size(frame: bytes) -> FrameSize | None:
    """The size in a JPEG, JPEG-LS or JPEG 2000 frame; None where it is none or says nothing."""
    if frame.startswith(_JPEG_START):
        return _jpeg_size(frame)
    start = frame.find(_J2K_START, 0, _LONGEST_WRAPPING)
    return None if start < 0 else _j2k_size(frame[start : start + 42])


def _jpeg_size(frame: bytes) -> FrameSize | None:
    position = 2
    while position + 10 <= len(frame):
        if frame[position] != 0xFF:
            return None
        code = frame[position + 1]
        if code == 0xFF:  # fill bytes may stand before a marker
            position += 1
            continue
        if code in _JPEG_FRAMES:
            rows, columns = (
                int.from_bytes(frame[position + at : position + at + 2]) for at in (5, 7)
            )
            return FrameSize(rows, columns, frame[position + 9])
        if code == _START_OF_SCAN:
            return None
        position += 2 + int.from_bytes(frame[position + 2 : position + 4])
    return None


def _j2k_size(start: bytes) -> FrameSize | None:
    if len(start) < 42:
        return None
    right, bottom, left, top = (int.from_bytes(start[at : at + 4]) for at in (8, 12, 16, 20))
    return FrameSize(bottom - top, right - left, int.from_bytes(start[40:42]))
