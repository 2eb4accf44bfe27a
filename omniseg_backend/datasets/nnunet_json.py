"""``dataset.json`` of nnU-Net v2."""

from __future__ import annotations

from pathlib import Path

import pydantic

from omniseg_backend.common.errors import DataError
from omniseg_backend.datasets.class_tables import table_from_names
from omniseg_backend.datasets.files import member_suffixes
from omniseg_backend.datasets.json_files import read_json_object
from omniseg_backend.images.classes import ClassEntry, ClassTable
from omniseg_backend.images.modality import Modality

FILE_NAME = "dataset.json"


class ListedCase(pydantic.BaseModel):
    """Where a case lies when ``dataset.json`` lists its files, relative to its own folder."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    images: tuple[str, ...] = pydantic.Field(min_length=1)
    label: str


class OmnisegKey(pydantic.BaseModel):
    """What a site data set (``datasets/site``) states beyond nnU-Net's keys, under ``omniseg``.

    Attributes:
        modality: What its images are.
        classes: The classes with the colours and codes that nnU-Net has no place for.
        test: The reserved cases by name; files that are listed nowhere do not count.
        unstated: Cases of whose patient nothing is known.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    modality: Modality | None = None
    classes: tuple[ClassEntry, ...] = pydantic.Field(min_length=1)
    test: dict[str, ListedCase]
    unstated: tuple[str, ...] = ()


class NnunetJson(pydantic.BaseModel):
    """The keys of ``dataset.json`` that this project reads; nnU-Net allows any others.

    Attributes:
        channel_names: Channel number to name, such as ``{"0": "CT"}``.
        labels: Class name to value; the values may have gaps here, unlike in nnU-Net.
        training_count: ``numTraining``.
        file_ending: Such as ``.nii.gz``.
        name: The data set's name, if stated.
        description: What it says about itself, if stated.
        licence: Its licence, if stated, under either spelling.
        listed: The training cases by name where the file lists them (``dataset``).
        omniseg: What a site data set adds.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    channel_names: dict[str, str] = pydantic.Field(min_length=1)
    labels: dict[str, object]
    training_count: int = pydantic.Field(alias="numTraining", ge=0)
    file_ending: str = pydantic.Field(pattern=r"^\..+")
    name: str | None = None
    description: str = ""
    licence: str | None = pydantic.Field(
        default=None, validation_alias=pydantic.AliasChoices("licence", "license")
    )
    listed: dict[str, ListedCase] | None = pydantic.Field(default=None, alias="dataset")
    omniseg: OmnisegKey | None = None

    @pydantic.field_validator("file_ending")
    @classmethod
    def _of_an_image(cls, ending: str) -> str:
        if not ending.lower().endswith(member_suffixes()):
            raise ValueError(f"{ending} is none of {', '.join(member_suffixes())}")
        return ending

    @pydantic.field_validator("channel_names")
    @classmethod
    def _numbered_from_zero(cls, names: dict[str, str]) -> dict[str, str]:
        if sorted(names) != sorted(str(number) for number in range(len(names))):
            raise ValueError("channels should be numbered 0, 1, 2, ...")
        return names

    @property
    def channels(self) -> tuple[str, ...]:
        """The channel names in order."""
        return tuple(self.channel_names[str(number)] for number in range(len(self.channel_names)))


def read_nnunet_json(path: Path) -> NnunetJson:
    """Read and check ``dataset.json``.

    Raises:
        DataError: It cannot be read, belongs to nnU-Net v1 or the Decathlon, or lacks a key.
    """
    content = read_json_object(path)
    if "modality" in content and "channel_names" not in content:
        raise DataError(
            path,
            found="the keys of nnU-Net v1 or the Medical Segmentation Decathlon",
            expected="channel_names, labels by name, numTraining and file_ending as in nnU-Net v2",
            remedy="convert it with nnU-Net's nnUNetv2_convert_MSD_dataset or write these keys",
        )
    try:
        return NnunetJson.model_validate(content)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise DataError(
            path,
            found=f"the key '{key}' missing or wrong ({first['msg']})",
            expected="channel_names, labels, numTraining and file_ending as in nnU-Net v2",
            remedy="correct this key",
        ) from error


def nnunet_classes(facts: NnunetJson, path: Path) -> ClassTable:
    """The class table of ``labels``.

    Raises:
        DataError: ``labels`` has regions or an ignore label, which are not trained on here, or
            values that cannot be classes.
    """
    regions = [name for name, value in facts.labels.items() if isinstance(value, list)]
    special = [*regions, *(name for name in facts.labels if name.strip().lower() == "ignore")]
    if special:
        raise DataError(
            path,
            found=f"region or ignore labels ({', '.join(special)})",
            expected="one value per class and no voxel to be ignored",
            remedy="write the masks with one value per class",
        )
    if facts.omniseg is not None:
        return ClassTable(facts.omniseg.classes)
    return table_from_names(facts.labels, path)
