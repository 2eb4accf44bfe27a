"""What a data set on disk consists of: records, cases, classes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.modality import Modality

Part = Literal["train", "test"]


@dataclasses.dataclass(frozen=True)
class Record:
    """One labelled image: what ``cases.csv`` has one row for.

    Attributes:
        image_paths: The image's files, one per channel file, in channel order.
        label_path: Its mask.
        file: Its name in ``cases.csv``: no channel number, no suffix.
        case: The case it belongs to; Dice is computed on whole cases.
        patient: The patient it belongs to; splits are made by patient.
        slice: Its place in the case's stack, or None where the file is the whole case.
        part: Whether it may be trained on or is reserved for testing.
    """

    image_paths: tuple[Path, ...]
    label_path: Path
    file: str
    case: str
    patient: str
    slice: int | None
    part: Part


@dataclasses.dataclass(frozen=True)
class Case:
    """The records that are stacked before Dice is computed, in slice order."""

    name: str
    patient: str
    records: tuple[Record, ...]


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A data set on disk; no image is held in memory.

    Attributes:
        root: Its folder.
        name: Its name for people.
        description: What it says about itself; may be empty.
        records: Every labelled image, in the order of their names.
        classes: The foreground classes. Their values are those in the mask files and may have
            gaps (1, 2, 5); 255 is common for a single class.
        channel_names: One name per channel of every image.
        modality: The modality that the data set states, or None. Colour alone is not one.
        patients_stated: Whether ``cases.csv`` names the patients; otherwise each file counts as
            a patient of its own.
        warnings: Sentences that a user should read before relying on the data set.
        licence: The licence that the data set states, or None.
    """

    root: Path
    name: str
    description: str
    records: tuple[Record, ...]
    classes: ClassTable
    channel_names: tuple[str, ...]
    modality: Modality | None
    patients_stated: bool
    warnings: tuple[str, ...] = ()
    licence: str | None = None

    def part(self, part: Part) -> tuple[Record, ...]:
        """The records of one part, in the order of their names."""
        return tuple(record for record in self.records if record.part == part)

    def cases(self, part: Part | None = None) -> tuple[Case, ...]:
        """The cases of one part, or of both."""
        return group_cases(self.records if part is None else self.part(part))


def group_cases(records: tuple[Record, ...]) -> tuple[Case, ...]:
    """Group records by case, each case in slice order, cases as they first appear.

    Raises:
        DataError: A case has records of two patients.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.case, []).append(record)
    return tuple(_case(name, members) for name, members in groups.items())


def _case(name: str, members: list[Record]) -> Case:
    patients = sorted({record.patient for record in members})
    if len(patients) > 1:
        raise DataError(
            f"case {name}",
            found=f"the patients {', '.join(patients)}",
            expected="one patient per case",
            remedy="correct cases.csv",
        )
    ordered = sorted(members, key=lambda record: record.slice or 0)
    return Case(name, patients[0], tuple(ordered))
