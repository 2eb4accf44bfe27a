"""SNOMED CT codes of class names that are, word for word, a concept of DICOM's dictionary.

Only the standard's context groups for segments are searched, as pydicom's dictionary holds
them: elsewhere in it "lens" is a pair of spectacles as well.

References:
    DICOM PS3.16, context groups 7140 and 7151 to 7199.
"""

from __future__ import annotations

import dataclasses
import functools

from omniseg_backend.images.classes import ClassTable

_GROUPS = (7140, *range(7151, 7200))

#: The dictionary spells as Americans do.
_SPELLINGS = (("grey", "gray"), ("haem", "hem"), ("oedema", "edema"), ("tumour", "tumor"))


def snomed_named(name: str) -> str | None:
    """The SNOMED CT code of the concept called ``name``, in any case and either spelling.

    Returns:
        None where the dictionary knows no such name, or calls two concepts so.
    """
    plain = " ".join(name.casefold().split())
    for british, american in _SPELLINGS:
        plain = plain.replace(british, american)
    found = _by_name().get(plain, frozenset())
    return next(iter(found)) if len(found) == 1 else None


def with_snomed(classes: ClassTable) -> ClassTable:
    """The same table, its classes without a code given that of their name's concept."""
    return ClassTable(
        tuple(
            dataclasses.replace(entry, snomed=entry.snomed or snomed_named(entry.name))
            for entry in classes
        )
    )


@functools.cache
def _by_name() -> dict[str, frozenset[str]]:
    # Importing the dictionary takes 0.3 s: only when a name is looked up.
    from pydicom.sr.codedict import codes

    found: dict[str, frozenset[str]] = {}
    for number in _GROUPS:
        group = getattr(codes, f"cid{number}", None)
        for keyword in () if group is None else group.dir():
            concept = getattr(group, keyword)
            if concept.scheme_designator == "SCT":
                name = concept.meaning.casefold()
                found[name] = found.get(name, frozenset()) | {concept.value}
    return found
