"""Values of DICOM elements, read so that a damaged one ends in a sentence.

pydicom converts an element when it is first asked for, and complains in many ways about one
that breaks the standard. ``Tags`` asks in one place. Messages name the element and never
repeat its content, which may be a patient's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError

from omniseg_backend.common.errors import DataError

#: What pydicom and its decoders raise on damaged files. AssertionError comes from gdcm's wrapper.
PYDICOM_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

#: pydicom logs through its own name, and its decoders through their modules' names.
_PYDICOM_LOGGERS = ("pydicom", "pydicom.pixels.decoders.base", "pydicom.pixels.utils")


@contextlib.contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Keep pydicom's remarks to itself: they repeat the content of unusual elements.

    In a damaged file such an element may have swallowed the patient's name.
    """

    def drop(_record: logging.LogRecord) -> bool:
        return False

    loggers = [logging.getLogger(name) for name in _PYDICOM_LOGGERS]
    for logger in loggers:
        logger.addFilter(drop)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger in loggers:
            logger.removeFilter(drop)


@dataclasses.dataclass(frozen=True, eq=False)
class Tags:
    """The elements of one data set or of one sequence item.

    Attributes:
        dataset: What pydicom read.
        subject: What the messages are about: the file.
    """

    dataset: pydicom.Dataset
    subject: object

    def has(self, keyword: str) -> bool:
        """Whether the element is there, with or without a value."""
        return keyword in self.dataset

    def text(self, keyword: str) -> str:
        """The value as text; several values are joined by a backslash; empty if absent."""
        value = self._value(keyword)
        if value is None:
            return ""
        if isinstance(value, (list, tuple, pydicom.multival.MultiValue)):
            return "\\".join(str(part) for part in value).strip()
        return str(value).strip()

    def numbers(self, keyword: str, count: int) -> tuple[float, ...] | None:
        """Exactly ``count`` finite numbers, or None where the element is absent or empty.

        Raises:
            DataError: There are more or fewer, or one of them is no finite number.
        """
        value = self._value(keyword)
        if value is None or value == "":
            return None
        several = isinstance(value, (list, tuple, pydicom.multival.MultiValue))
        parts = list(value) if several else [value]
        if not parts:
            return None
        try:
            found = tuple(float(part) for part in parts)
        except (TypeError, ValueError, OverflowError):
            raise self._unreadable(keyword) from None
        if len(found) != count or not all(map(math.isfinite, found)):
            raise self._unreadable(keyword)
        return found

    def number(self, keyword: str) -> float | None:
        """One finite number, or None where the element is absent or empty."""
        found = self.numbers(keyword, 1)
        return None if found is None else found[0]

    def whole(self, keyword: str) -> int | None:
        """One whole number, or None where the element is absent or empty.

        Raises:
            DataError: It is no whole number.
        """
        found = self.number(keyword)
        if found is not None and found != int(found):
            raise self._unreadable(keyword)
        return None if found is None else int(found)

    def items(self, keyword: str) -> list[Tags]:
        """The items of a sequence; none where it is absent.

        Raises:
            DataError: The element is no sequence.
        """
        value = self._value(keyword)
        if value is None:
            return []
        if not isinstance(value, pydicom.Sequence):
            raise self._unreadable(keyword)
        return [Tags(item, self.subject) for item in value]

    def _value(self, keyword: str) -> Any:  # noqa: ANN401 - pydicom's own type
        try:
            return self.dataset.get(keyword)
        except PYDICOM_ERRORS:
            raise self._unreadable(keyword) from None

    def _unreadable(self, keyword: str) -> DataError:
        return DataError(
            self.subject,
            found=f"an element {keyword} whose value breaks the DICOM standard",
            expected="a readable header",
            remedy="export the image again from the scanner or archive",
        )
