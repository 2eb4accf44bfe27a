"""The JSON documents of ``--json``: a contract, with schemas in ``docs/schemas/``.

``docs/schemas/README.md`` says how to read them; ``schemas.py`` writes the schemas.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from omniseg_backend.common.errors import OmniSegError

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A part of a document: frozen, without unknown keys, without NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Document(Part):
    """What a command writes to stdout."""

    def as_json(self) -> str:
        """The document in ASCII, which any terminal and pipe passes on unharmed."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=2) + "\n"


class ErrorReport(Part):
    """What went wrong, in the four parts of every error of the project."""

    subject: str
    found: str
    expected: str
    remedy: str
    exit_code: Literal[2, 3, 4]
    details: Annotated[tuple[str, ...], Field(description="Every fault, where there are several.")]


class ErrorDocument(Document):
    """Written in place of a command's document when it fails."""

    error: ErrorReport

    @classmethod
    def of(cls, error: OmniSegError) -> ErrorDocument:
        """The document of an error."""
        return cls(
            error=ErrorReport.model_validate(
                {
                    "subject": error.subject,
                    "found": error.found,
                    "expected": error.expected,
                    "remedy": error.remedy,
                    "exit_code": error.exit_code,
                    "details": error.details,
                }
            )
        )


class VariantCost(Part):
    """What a variant is made of and costs, with 3 channels in and 2 classes out."""

    encoder_blocks: Count
    decoder_blocks: Count
    parameters: Count
    flops_256: Annotated[Count, Field(description="Two per multiply-add, input 256 x 256.")]
    flops_512: Annotated[Count, Field(description="Two per multiply-add, input 512 x 512.")]


class DescribeDocument(Document):
    """``omniseg describe``."""

    variants: dict[str, VariantCost]


class ModelDescription(Part):
    """One model that can be chosen."""

    id: str
    version: str
    task: str
    title: str
    variant: str
    modality: str
    classes: tuple[str, ...]
    synthetic: Annotated[bool, Field(description="Trained on phantoms alone: a demo.")]
    dice: Annotated[Share | None, Field(description="Mean Dice as the model card states it.")]
    dice_part: Annotated[str | None, Field(description="The part that it was measured on.")]
    licence: Annotated[str, Field(description="Licence of the training data.")]
    origin: Literal["user", "shipped"]
    status: Annotated[
        Literal["current", "previous", "shipped", "candidate"],
        Field(description="`current` is what is taken for its task and variant."),
    ]
    manifest_hash: str
    path: str


class ModelsDocument(Document):
    """``omniseg models``."""

    models: tuple[ModelDescription, ...]


class MeasurementValue(Part):
    """A volume or an area; ``px`` and ``px3`` where the file states no spacing."""

    value: Annotated[float, Field(ge=0)]
    unit: Literal["mL", "mm2", "px", "px3"]


class SegmentedClass(Part):
    """One class of a segmentation."""

    value: Annotated[int, Field(ge=1, le=65535)]
    name: str
    voxels: Count
    measurement: MeasurementValue
    components: Count
    confidence: Annotated[Share | None, Field(description="Null where none was found.")]
    review: Annotated[bool, Field(description="Whether a person should look again.")]


class FlagReport(Part):
    """A remark that the user must see."""

    code: str
    sentence: str


class ProvenanceReport(Part):
    """Where a result came from, as its file states it too."""

    bundle: str
    bundle_version: str
    bundle_hash: Annotated[str, Field(description="SHA-256 of the bundle's manifest.")]
    software: str
    time: Annotated[str, Field(description="ISO 8601, UTC.")]
    synthetic: Annotated[bool, Field(description="By a model trained on phantoms: a DEMO.")]
    modality: Annotated[str, Field(description="What the image was taken for, on whose word.")]
    arithmetic: Annotated[
        Literal["fp32", "int8"], Field(description="What the network computed in.")
    ]
    notice: Literal["research use, not reviewed"]
    edited: Annotated[
        bool, Field(description="Whether a person changed the labels; never right after a run.")
    ]
    region: Annotated[
        str | None,
        Field(description="The part that was segmented, in voxels; null for the whole image."),
    ]


class SegmentDocument(Document):
    """``omniseg segment``."""

    output: str
    bundle: str
    task: str
    variant: str
    classes: tuple[SegmentedClass, ...]
    flags: tuple[FlagReport, ...]
    seconds: Annotated[dict[str, Seconds], Field(description="Wall time by stage, and total.")]
    provenance: ProvenanceReport


class EstimateReport(Part):
    """What a run will take on this machine."""

    seconds: Annotated[
        Seconds,
        Field(description="Reading the file, loading the network and segmenting; not writing."),
    ]
    read_seconds: Annotated[
        Seconds, Field(description="Of these, until image and bundle were read, as measured.")
    ]
    load_seconds: Annotated[
        Seconds, Field(description="Of these, loading and proving the network, as measured.")
    ]
    bytes: Count
    planes: Count
    windows: Count


class EstimateDocument(Document):
    """``omniseg segment --estimate``; nothing is segmented or written."""

    bundle: str
    task: str
    variant: str
    estimate: EstimateReport
    flags: Annotated[
        tuple[FlagReport, ...], Field(description="What is known before the run already.")
    ]
