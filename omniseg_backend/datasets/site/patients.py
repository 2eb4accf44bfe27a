"""Whose image a case is, and whether that patient is trained on or reserved.

A patient comes from the DICOM header, as a keyed hash, or from what the user states; never from
the name of a file. An image of which neither says anything is a patient of its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from typing import Literal

from omniseg_backend.common.errors import UsageError
from omniseg_backend.datasets.records import Part
from omniseg_backend.images.dicom_patient import patient_identity
from omniseg_backend.images.image import Image

PatientSource = Literal["dicom", "user", "none"]

#: A pseudonym that a table and a spreadsheet take as it is: no comma, and no = + - @ in front.
STATED_PATTERN = r"^[^\W_][\w .-]{0,63}$"
STATED_WORDS = "a pseudonym: letters, digits, blanks, points and hyphens, at most 64"
#: Every fifth new patient is reserved.
_RESERVED = 5
#: Patient IDs are short numbers, which a plain hash would let anyone try out in seconds. scrypt
#: (RFC 7914) with these costs takes about 50 ms and 16 MB a guess.
_COST, _BLOCK, _LANES = 2**14, 8, 1
_DIGITS = 16


@dataclasses.dataclass(frozen=True)
class CasePatient:
    """Whose a case is.

    Attributes:
        name: A pseudonym; the case's own name where nobody knows.
        source: Who said so.
    """

    name: str
    source: PatientSource


def patient_of(image: Image, stated: str | None, salt: str, case: str) -> CasePatient:
    """The patient of an image.

    What the user states wins over DICOM: archives give one Patient ID to all whom they
    anonymised.

    Args:
        image: Perhaps read from DICOM.
        stated: What the user says, if anything.
        salt: The data set's own key, hexadecimal.
        case: The name of the case, which a patient of its own takes.

    Raises:
        UsageError: ``stated`` is no pseudonym.
        DataError: The DICOM file is gone.
    """
    if stated is not None:
        return CasePatient(_checked(stated), "user")
    identity = None if image.source is None else patient_identity(image.source)
    if identity is None:
        return CasePatient(case, "none")
    digest = hashlib.scrypt(
        identity.encode(), salt=bytes.fromhex(salt), n=_COST, r=_BLOCK, p=_LANES
    )
    return CasePatient(f"p-{digest.hex()[:_DIGITS]}", "dicom")


def part_of(patient: str, known: Mapping[str, Part]) -> Part:
    """The part that a patient's cases go to: every fifth new patient is reserved for testing.

    Args:
        patient: Whose case has come.
        known: The patients so far, and their parts.
    """
    if patient in known:
        return known[patient]
    return "train" if (len(known) + 1) % _RESERVED else "test"


def _checked(stated: str) -> str:
    if re.fullmatch(STATED_PATTERN, stated) is None:
        raise UsageError(
            "patient",
            found=repr(stated),
            expected=STATED_WORDS,
            remedy="choose one that names nobody, such as P07",
        )
    return stated
