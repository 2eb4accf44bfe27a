"""What is to be known about a segmentation besides its labels, as a file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.flags import Flag
from omniseg_backend.inference.results import ClassResult, SegmentResult


class SegmentReport(BaseModel):
    """Measurements, confidence and remarks of one run.

    Attributes:
        bundle: The model's id.
        bundle_version: Its version.
        classes: One result per class.
        flags: What the user must see.
        seconds: Wall time by stage.
        provenance: Where the labels came from.
    """

    model_config = ConfigDict(frozen=True)

    bundle: str
    bundle_version: str
    classes: tuple[ClassResult, ...]
    flags: tuple[Flag, ...]
    seconds: dict[str, float]
    provenance: dict[str, str | bool | None]


def segment_report(result: SegmentResult, bundle: Bundle) -> SegmentReport:
    """The report of a run."""
    provenance = result.segmentation.provenance
    return SegmentReport(
        bundle=bundle.manifest.id,
        bundle_version=bundle.manifest.version,
        classes=result.classes,
        flags=result.flags,
        seconds=dict(result.seconds),
        provenance={} if provenance is None else provenance.as_dict(),
    )
