"""Codes that say in a standard's words what a class is.

SNOMED CT codes come from pydicom's dictionary or not at all. A class without one gets a code
in this project's private scheme, made from its name: DICOM demands a code for every segment,
and an invented SNOMED number would name another structure to every other program.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import re

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassEntry, ClassTable

SNOMED = "SCT"

#: The standard (PS3.16, section 8.2) keeps designators that begin with 99 for private schemes.
PRIVATE = "99OMNISEG"

#: Characters that DICOM's value representations SH and LO hold.
SHORT_LENGTH = 16
LONG_LENGTH = 64

#: Names that become codes as they stand, with hyphens for spaces: no two give one code, and
#: none looks like SNOMED's numbers.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?: [A-Za-z0-9]+)*")

_ABNORMAL = re.compile(
    r"lesion|tumou?r|neoplasm|metasta|ha?emorrhage|ha?ematoma|cyst\b|cysts\b|nodule|abscess|oedema|"
    r"\bedema|infarct|necrosis|plaque|thrombus|polyp|fracture|aneurysm|effusion",
    re.IGNORECASE,
)
_OBJECT = re.compile(
    r"instrument|needle|catheter|stent|implant|electrode|prosthesis|\bscrew|\bclip\b|\bdevice",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class Code:
    """A coded term, as DICOM's code sequences hold it.

    Attributes:
        value: At most 16 characters.
        scheme: Coding scheme designator: ``SCT`` for SNOMED CT, ``99OMNISEG`` for ours.
        meaning: What people read, at most 64 characters.
    """

    value: str
    scheme: str
    meaning: str


# Segmentation property categories of the standard's context group 7150, as pydicom's
# dictionary holds them.
_ANATOMY = Code("91723000", SNOMED, "Anatomical Structure")
_ABNORMALITY = Code("49755003", SNOMED, "Morphologically Abnormal Structure")
_PHYSICAL = Code("260787004", SNOMED, "Physical object")

# 3D Slicer looks its categories up by value, and its list still has the older code for anatomy.
_SLICER_ANATOMY = Code("123037004", SNOMED, "Anatomical Structure")
_SLICER_TYPES = "Segmentation category and type - DICOM master list"
_SLICER_REGIONS = "Anatomic codes - DICOM master list"


def code_of(entry: ClassEntry) -> Code:
    """The code of a class: SNOMED CT where it has one, otherwise a private one.

    A private code is the name itself with hyphens for spaces where that fits and is
    unambiguous (``left-kidney``), and else its beginning with 50 bits of its SHA-256.

    Raises:
        DataError: pydicom's dictionary does not hold the class's SNOMED code.
    """
    if entry.snomed is None:
        return Code(_private_value(entry.name), PRIVATE, _as_meaning(entry.name))
    meanings = snomed_meanings(entry.snomed)
    if not meanings:
        raise DataError(
            f"the class {entry.name!r}",
            found=f"the SNOMED CT code {entry.snomed}",
            expected="a code of pydicom's dictionary",
            remedy="correct the code, or leave it out: a private code is then made of the name",
        )
    return Code(entry.snomed, SNOMED, _closest(meanings, entry.name))


def codes_of(classes: ClassTable) -> tuple[Code, ...]:
    """The codes of a table's classes, in its order; no two classes share a private code.

    Raises:
        DataError: A SNOMED code is unknown, or two names give one private code.
    """
    codes = tuple(code_of(entry) for entry in classes)
    first_with: dict[str, ClassEntry] = {}
    for entry, code in zip(classes, codes, strict=True):
        other = first_with.setdefault(code.value, entry)
        if other is not entry and code.scheme == PRIVATE:
            raise DataError(
                "class table",
                found=f"the names {other.name!r} and {entry.name!r}, which give one code",
                expected="a code for each class",
                remedy="rename one of them",
            )
    return codes


def category_of(entry: ClassEntry) -> Code:
    """What kind of thing a class is: anatomy, unless its name speaks of disease or of a tool.

    Returns:
        A segmented property category of DICOM's context group 7150.
    """
    if _ABNORMAL.search(entry.name):
        return _ABNORMALITY
    return _PHYSICAL if _OBJECT.search(entry.name) else _ANATOMY


def slicer_terminology(entry: ClassEntry) -> str:
    """The value of 3D Slicer's segment tag ``TerminologyEntry``.

    Seven parts joined by ``~``: context, category, type, type modifier, context of the
    region, region, region modifier; each code is ``scheme^value^meaning``.

    Raises:
        DataError: The class's SNOMED code is unknown.
    """
    category = category_of(entry)
    if category == _ANATOMY:
        category = _SLICER_ANATOMY
    parts = (
        _SLICER_TYPES,
        _slicer_code(category),
        _slicer_code(code_of(entry)),
        "^^",
        _SLICER_REGIONS,
        "^^",
        "^^",
    )
    return "~".join(parts)


def snomed_meanings(value: str) -> tuple[str, ...]:
    """What pydicom's dictionary calls a SNOMED CT code; empty where it lacks the code."""
    return _dictionary().get(value, ())


@functools.cache
def _dictionary() -> dict[str, tuple[str, ...]]:
    # Importing the dictionary takes 0.3 s and turning it round 0.4 s: only when asked for.
    from pydicom.sr.codedict import codes

    found: dict[str, list[str]] = {}
    for keyword in codes.SCT.dir():
        concept = getattr(codes.SCT, keyword)
        found.setdefault(concept.value, []).append(concept.meaning)
    return {value: tuple(meanings) for value, meanings in found.items()}


def _closest(meanings: tuple[str, ...], name: str) -> str:
    """The meaning that shares most words with ``name``; of equals the shortest."""
    words = _words(name)
    best = min(meanings, key=lambda text: (-len(words & _words(text)), len(text), text))
    return best[:LONG_LENGTH]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def _private_value(name: str) -> str:
    if _PLAIN.fullmatch(name) and len(name) <= SHORT_LENGTH:
        return name.replace(" ", "-")
    digest = base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:10]
    letters = re.sub(r"[^a-z]", "", name.lower())[:5] or "class"
    return f"{letters}-{digest}"


def _as_meaning(name: str) -> str:
    # A backslash parts values in DICOM, and control characters are not allowed.
    return re.sub(r"[\\\x00-\x1f]", " ", name).strip()[:LONG_LENGTH] or "unnamed"


def _slicer_code(code: Code) -> str:
    return f"{code.scheme}^{code.value}^{re.sub('[~^|]', ' ', code.meaning)}"
