"""``dataset.json`` of a site data set: the one file that says what belongs to it.

nnU-Net v2 allows cases to be listed there (``dataset``) and keys of one's own (``omniseg``). A
case belongs to the data set from the moment in which it is listed: files that a killed writer
left behind, and their rows in ``cases.csv``, count for nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.class_tables import BACKGROUND
from omniseg_backend.datasets.json_files import read_json_object
from omniseg_backend.datasets.nnunet_json import FILE_NAME, ListedCase
from omniseg_backend.datasets.records import Part
from omniseg_backend.datasets.site.patients import PatientSource
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.modality import Modality

SCHEMA_VERSION = 1
ENDING = ".nii.gz"

Sha256 = Annotated[str, pydantic.StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")


class SourceBundle(_Strict):
    """The bundle whose result was corrected.

    Attributes:
        id: Its id.
        version: Its version.
        manifest_hash: SHA-256 of its manifest.
    """

    id: str
    version: str
    manifest_hash: Sha256


class SiteCase(_Strict):
    """One case; its files carry geometry and class table themselves.

    Attributes:
        patient: Whose it is.
        patient_from: Who said so.
        part: Whether it is trained on or reserved.
        added: When it came, or its mask was last replaced, UTC.
        image_hash: SHA-256 of the image's voxels.
        mask_hash: SHA-256 of the mask's labels.
        bundle: What the mask was corrected from; None for one drawn from nothing.
    """

    patient: str
    patient_from: PatientSource
    part: Part
    added: str
    image_hash: Sha256
    mask_hash: Sha256
    bundle: SourceBundle | None


class SiteKey(_Strict):
    """What stands under ``omniseg``.

    Attributes:
        schema_version: Version of this schema.
        modality: What the images are; None where nobody said.
        salt: Key of the hashes of Patient IDs, hexadecimal.
        classes: The classes with colours and codes.
        cases: By name, in the order in which they came.
        test: The reserved cases' files, as nnU-Net lists training cases.
        unstated: Cases of whose patient nothing is known.
    """

    schema_version: Literal[1] = 1
    modality: Modality | None
    salt: Annotated[str, pydantic.StringConstraints(pattern=r"^([0-9a-f]{2}){16,64}$")]
    classes: tuple[ClassEntry, ...] = pydantic.Field(min_length=1)
    cases: dict[str, SiteCase] = {}
    test: dict[str, ListedCase] = {}
    unstated: tuple[str, ...] = ()


class SiteDocument(pydantic.BaseModel):
    """All of ``dataset.json``; keys of others are kept."""

    model_config = pydantic.ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    name: str
    description: str = ""
    licence: str | None = None
    channel_names: dict[str, str]
    labels: dict[str, int]
    training_count: Annotated[int, pydantic.Field(alias="numTraining", ge=0)] = 0
    file_ending: Literal[".nii.gz"] = ".nii.gz"
    listed: Annotated[dict[str, ListedCase], pydantic.Field(alias="dataset")] = {}
    omniseg: SiteKey

    @property
    def classes(self) -> ClassTable:
        """The classes of every mask."""
        return ClassTable(self.omniseg.classes)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channel names in order."""
        return tuple(self.channel_names[str(number)] for number in range(len(self.channel_names)))

    @property
    def patients(self) -> dict[str, Part]:
        """Every patient and the part that its cases go to, in the order in which they came."""
        return {case.patient: case.part for case in self.omniseg.cases.values()}

    def with_case(self, name: str, case: SiteCase) -> SiteDocument:
        """The document with a case added or replaced; what follows from it is made anew."""
        cases = {**self.omniseg.cases, name: case}
        numbers = range(len(self.channel_names))
        files = {
            one: ListedCase(
                images=tuple(image_name(one, found.part, number) for number in numbers),
                label=label_name(one, found.part),
            )
            for one, found in cases.items()
        }
        training = {one: files[one] for one, found in cases.items() if found.part == "train"}
        key = self.omniseg.model_copy(
            update={
                "cases": cases,
                "test": {one: files[one] for one in cases if one not in training},
                "unstated": tuple(one for one, c in cases.items() if c.patient_from == "none"),
            }
        )
        return self.model_copy(
            update={"listed": training, "training_count": len(training), "omniseg": key}
        )

    def as_json(self) -> str:
        """The text of ``dataset.json``."""
        content = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        # In our own part what is unknown is null; nnU-Net's keys are left out.
        content["omniseg"] = self.omniseg.model_dump(mode="json")
        return json.dumps(content, indent=1) + "\n"


def new_document(
    name: str,
    classes: ClassTable,
    channel_names: tuple[str, ...],
    *,
    modality: Modality | None,
    salt: str,
    description: str = "",
    licence: str | None = None,
) -> SiteDocument:
    """The document of an empty data set; fields as in ``SiteDataset.create``."""
    return SiteDocument(
        name=name,
        description=description,
        licence=licence,
        channel_names={str(number): channel for number, channel in enumerate(channel_names)},
        labels={BACKGROUND: 0} | {entry.name: entry.value for entry in classes},
        omniseg=SiteKey(modality=modality, salt=salt, classes=classes.entries),
    )


def read_document(folder: Path) -> SiteDocument:
    """Read and check the ``dataset.json`` of a site data set.

    Raises:
        DataError: There is none, it is damaged or of a newer OmniSeg, or the data set is no
            site data set.
    """
    path = folder / FILE_NAME
    content = read_json_object(path)
    key = content.get("omniseg")
    if not isinstance(key, dict):
        raise DataError(
            path,
            found="a data set that is not a site data set",
            expected="one that `omniseg dataset create` made",
            remedy="create one and add these cases to it",
        )
    version = key.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise DataError(
            path,
            found=f"schema {version} of site data sets",
            expected=f"schema {SCHEMA_VERSION}",
            remedy="update OmniSeg, this data set was written by a newer one",
        )
    try:
        return SiteDocument.model_validate(content)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DataError(
            path,
            found=f"the key '{place}' missing or wrong ({first['msg']})",
            expected="the description that OmniSeg wrote",
            remedy="restore the file from a copy",
        ) from error


def image_name(case: str, part: Part, channel: int) -> str:
    """Where a channel's file lies, relative to the data set."""
    return f"images{_SHORT[part]}/{case}_{channel:04d}{ENDING}"


def label_name(case: str, part: Part) -> str:
    """Where a mask lies, relative to the data set."""
    return f"labels{_SHORT[part]}/{case}{ENDING}"


_SHORT: dict[Part, str] = {"train": "Tr", "test": "Ts"}
#: Every folder of a data set.
FOLDERS = tuple(f"{kind}{short}" for kind in ("images", "labels") for short in _SHORT.values())
