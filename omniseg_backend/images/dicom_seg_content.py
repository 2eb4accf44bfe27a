"""What the segments of a DICOM segmentation are and who made them, in the standard's terms."""

from __future__ import annotations

import highdicom
from highdicom.color import CIELabColor
from highdicom.seg import SegmentDescription
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as DicomCode

from omniseg_backend.common.provenance import NOTICE, Provenance
from omniseg_backend.images.classes import ClassEntry
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.images.terminology import LONG_LENGTH, Code, category_of, codes_of


def describe_segments(segmentation: Segmentation) -> list[SegmentDescription]:
    """One description per class, numbered from 1 in the class table's order."""
    algorithm = _algorithm(segmentation.provenance)
    return [
        SegmentDescription(
            segment_number=number,
            segment_label=entry.name,
            segmented_property_category=_coded(category_of(entry)),
            segmented_property_type=_coded(code),
            algorithm_type="AUTOMATIC" if algorithm else "MANUAL",
            algorithm_identification=algorithm,
            display_color=_display_colour(entry),
        )
        for number, (entry, code) in enumerate(
            zip(segmentation.classes, codes_of(segmentation.classes), strict=True), start=1
        )
    ]


def _algorithm(provenance: Provenance | None) -> highdicom.AlgorithmIdentificationSequence | None:
    """Which bundle made it and with which software; None for a person's work."""
    if provenance is None:
        return None
    part = provenance.region
    return highdicom.AlgorithmIdentificationSequence(
        name=provenance.bundle[:LONG_LENGTH],
        version=provenance.bundle_version[:LONG_LENGTH],
        family=codes.DCM.ArtificialIntelligence,
        source=provenance.software[:LONG_LENGTH],
        parameters={
            "bundle_hash": provenance.bundle_hash,
            "time": provenance.time,
            "modality": provenance.modality,
            "arithmetic": provenance.arithmetic,
            "synthetic": str(provenance.synthetic).lower(),
            "edited": str(provenance.edited).lower(),
            "notice": notice_of(provenance).replace(",", ";"),
            **({"region": part.replace(",", ";")} if part else {}),
        },
    )


def notice_of(provenance: Provenance | None) -> str:
    """What the result may be used for."""
    return NOTICE if provenance is None else provenance.heading


def title_of(provenance: Provenance | None) -> str:
    """The notice first, since viewers and the standard cut the end off."""
    made_by = f"; {provenance.bundle} {provenance.bundle_version}" if provenance else ""
    return f"{notice_of(provenance)}{made_by}"


def _coded(code: Code) -> DicomCode:
    return DicomCode(code.value, code.scheme, code.meaning)


def _display_colour(entry: ClassEntry) -> CIELabColor:
    return CIELabColor.from_rgb(*entry.colour)
