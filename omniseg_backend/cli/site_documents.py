"""The documents of the commands that keep site data sets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from omniseg_backend.cli.documents import Count, Document, Part

SitePart = Literal["train", "test"]


class SiteCaseReport(Part):
    """One case of a site data set."""

    case: str
    patient: Annotated[str, Field(description="A pseudonym, or the case's own name.")]
    patient_from: Annotated[
        Literal["dicom", "user", "none"], Field(description="Who stated the patient.")
    ]
    part: Annotated[SitePart, Field(description="`test` is reserved and never trained on.")]
    added: Annotated[str, Field(description="UTC.")]
    image_hash: Annotated[str, Field(description="SHA-256 of the voxels.")]
    mask_hash: Annotated[str, Field(description="SHA-256 of the labels.")]
    bundle: Annotated[str | None, Field(description="What the mask was corrected from.")]
    bundle_version: str | None
    bundle_hash: Annotated[str | None, Field(description="SHA-256 of its manifest.")]


class DatasetCreateDocument(Document):
    """``omniseg dataset create``."""

    folder: str
    name: str
    classes: dict[str, int]
    channels: tuple[str, ...]
    modality: str | None


class DatasetAddDocument(Document):
    """``omniseg dataset add``."""

    folder: str
    outcome: Annotated[
        Literal["added", "present", "replaced"],
        Field(description="`present`: image and mask were there already."),
    ]
    case: SiteCaseReport
    notes: tuple[str, ...]


class DatasetListDocument(Document):
    """``omniseg dataset list``."""

    folder: str
    name: str
    classes: dict[str, int]
    channels: tuple[str, ...]
    modality: str | None
    training_cases: Count
    reserved_cases: Count
    patients: Count
    reserved_patients: Count
    cases: tuple[SiteCaseReport, ...]


class ProblemReport(Part):
    """One fault of a data set."""

    kind: str
    severity: Annotated[
        Literal["error", "warning"], Field(description="An error forbids training.")
    ]
    subject: str
    found: str
    expected: str
    remedy: str


class DatasetCheckDocument(Document):
    """``omniseg dataset check``."""

    folder: str
    usable: Annotated[bool, Field(description="Whether there is no error.")]
    problems: tuple[ProblemReport, ...]
