"""What is kept of an item that is done: enough to know it again and to write every table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pydantic

from omniseg_backend.common.atomic import TEMPORARY_PREFIX
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.hashing import sha256_file
from omniseg_backend.common.reading import reading_errors
from omniseg_backend.images.modality import Modality
from omniseg_backend.inference.arithmetic_choice import Arithmetic
from omniseg_backend.inference.batch.layout import records_folder
from omniseg_backend.inference.batch.settings import MaskSuffix
from omniseg_backend.inference.batch.stamps import FileStamp
from omniseg_backend.inference.measurements import MeasurementUnit


class _Record(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Question(_Record):
    """What decides about the masks of a batch; one folder holds the answers to one question.

    Attributes:
        bundle: The model's id.
        bundle_hash: SHA-256 of its manifest.
        modality: As the user stated it.
        override_modality: Whether that overrules the files.
        arithmetic: What the network runs in, settled once for all images.
        mask_suffix: As the user chose it; None: by the image.
    """

    kind: Literal["omniseg.batch/1"] = "omniseg.batch/1"
    bundle: str
    bundle_hash: str
    modality: Modality | None
    override_modality: bool
    arithmetic: Arithmetic = "fp32"
    mask_suffix: MaskSuffix | None


class ClassRecord(_Record):
    """One class that was looked for; as ``inference.results.ClassResult``."""

    value: int
    name: str
    voxels: int
    size: float
    unit: MeasurementUnit
    components: int
    confidence: float | None
    review: bool


class FlagRecord(_Record):
    """One remark; as ``common.flags.Flag``."""

    code: str
    sentence: str


class ItemRecord(_Record):
    """One item.

    Attributes:
        label: The item's.
        name: Its mask's name without suffix.
        files: What it was read from.
        content: Hash of what those held.
        question: What was asked.
        mask: File name of the mask, relative to the output, with ``/``.
        mask_hash: SHA-256 of the mask; None until it is written.
        thumbnail: Whether there is one.
        classes: In the class table's order.
        flags: What the user must see.
        seconds: Wall time of reading, segmenting and writing.
    """

    kind: Literal["omniseg.batch-item/1"] = "omniseg.batch-item/1"
    label: str
    name: str
    files: tuple[FileStamp, ...]
    content: str
    question: Question
    mask: str
    mask_hash: str | None = None
    thumbnail: bool = False
    classes: tuple[ClassRecord, ...] = ()
    flags: tuple[FlagRecord, ...] = ()
    seconds: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether its mask was written."""
        return self.mask_hash is not None

    def answers(self, question: Question, label: str, output: Path) -> bool:
        """Whether it is a finished answer to this question whose mask is still there.

        Whether the input is the same is another matter.
        """
        return (
            self.is_done
            and self.label == label
            and self.question == question
            and (output / self.mask).is_file()
        )

    def owns(self, mask: Path, output: Path) -> bool:
        """Whether a mask, if it exists, was written by the batch and not changed since."""
        if mask != output / self.mask:
            return False
        return not (self.is_done and mask.exists()) or self.mask_hash == sha256_file(mask)


def read_record(path: Path) -> ItemRecord | None:
    """The record in a file, None where there is none.

    Raises:
        DataError: It is damaged, or of a newer version.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(
            path,
            found=f"a record that cannot be opened ({error.strerror})",
            expected="what an earlier run left",
            remedy="check its permissions, or choose another output",
        ) from error
    try:
        return ItemRecord.model_validate_json(content)
    except pydantic.ValidationError as error:
        raise _damaged(path) from error


def read_records(output: Path) -> tuple[ItemRecord, ...]:
    """All records of a batch's output folder.

    Raises:
        DataError: One is damaged, or of a newer version.
    """
    folder = records_folder(output)
    whole = (
        path
        for path in sorted(folder.rglob("*.json"))
        # A killed worker leaves half a record in a folder of its own.
        if not any(part.startswith(TEMPORARY_PREFIX) for part in path.relative_to(folder).parts)
    )
    found = map(read_record, whole)
    return tuple(record for record in found if record is not None)


def read_question(path: Path) -> Question | None:
    """The question that a folder's masks answer, None for a new folder.

    Raises:
        DataError: It is damaged, or of a newer version.
    """
    if not path.exists():
        return None
    with reading_errors(path, expected="what an earlier run left"):
        content = path.read_bytes()
    try:
        return Question.model_validate_json(content)
    except pydantic.ValidationError as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> DataError:
    return DataError(
        path,
        found="a damaged record, or one of a newer version",
        expected="what an earlier run left",
        remedy="choose another output folder, or remove this file to do its image again",
    )
