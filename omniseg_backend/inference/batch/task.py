"""One item from file to mask, in whatever process: what a batch gives its workers to do."""

from __future__ import annotations

import functools
import time
from pathlib import Path

import pydantic

from omniseg_backend.bundles.store import Bundle, load_bundle
from omniseg_backend.common.atomic import atomic_path, write_text_atomic
from omniseg_backend.common.errors import BundleError
from omniseg_backend.common.hashing import sha256_file
from omniseg_backend.images.image import Image
from omniseg_backend.images.modality import ModalityStatement
from omniseg_backend.images.reading import read_image, read_listed_series
from omniseg_backend.images.writing import check_target, write_segmentation
from omniseg_backend.inference.arithmetic_choice import ArithmeticChoice
from omniseg_backend.inference.batch.layout import record_path, thumbnail_name
from omniseg_backend.inference.batch.record import (
    ClassRecord,
    FlagRecord,
    ItemRecord,
    Question,
    read_record,
)
from omniseg_backend.inference.batch.stamps import content_hash, stamps
from omniseg_backend.inference.results import ClassResult, SegmentResult
from omniseg_backend.inference.segment import segment


class ItemTask(pydantic.BaseModel):
    """What a worker is told: paths and settings, never voxels.

    Attributes:
        folder: The batch's.
        output: Its output folder.
        label: The item's.
        path: Its file or folder.
        files: All that it is read from.
        is_series: Whether they form a DICOM series.
        name: Its mask's name without suffix.
        model: The bundle's path.
        question: What is asked.
        threads: Of the network; None: all that the process may use.
        overwrite: Whether files may be replaced that the batch did not write.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    folder: Path
    output: Path
    label: str
    path: Path
    files: tuple[Path, ...]
    is_series: bool
    name: str
    model: Path
    question: Question
    threads: int | None
    overwrite: bool


class ItemAnswer(pydantic.BaseModel):
    """What a worker answers.

    Attributes:
        record: Of the item, done.
        before: Whether it had been done already.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    record: ItemRecord
    before: bool


def segment_item(spec: str) -> str:
    """Do an ``ItemTask`` and answer with an ``ItemAnswer``, both as JSON.

    The record is written twice: without the mask's hash before the mask, so that a mask left by
    a killed process is known as the batch's own, and whole at the end. What is whole and of the
    same input is not done again, whoever did it.

    Raises:
        DataError: The image cannot be segmented, or its mask's place is taken.
        ResourceError: It does not fit into memory, or the disk is full.
    """
    task = ItemTask.model_validate_json(spec)
    started = time.perf_counter()
    place = record_path(task.output, task.name)
    earlier = read_record(place)
    files = stamps(task.folder, task.files)
    content = content_hash(task.folder, task.files)
    if (
        earlier is not None
        and earlier.answers(task.question, task.label, task.output)
        and earlier.content == content
    ):
        # Copied or touched since: the new times are noted, so that it is not read again.
        record = earlier.model_copy(update={"files": files})
        if record != earlier:
            write_text_atomic(place, _as_text(record))
        return ItemAnswer(record=record, before=True).model_dump_json()
    bundle = _bundle(task.model, task.question.bundle_hash)
    image = _read(task)
    mask = task.output / f"{task.name}.{task.question.mask_suffix or usual_suffix(image)}"
    owned = earlier is not None and earlier.owns(mask, task.output)
    check_target(mask, image, bundle.manifest.class_table(), overwrite=task.overwrite or owned)
    result = segment(
        image,
        bundle,
        override_modality=task.question.override_modality,
        arithmetic=ArithmeticChoice(task.question.arithmetic),
        threads=task.threads,
    )
    record = ItemRecord(
        label=task.label,
        name=task.name,
        files=files,
        content=content,
        question=task.question,
        mask=mask.relative_to(task.output).as_posix(),
    )
    write_text_atomic(place, _as_text(record))
    write_segmentation(result.segmentation, mask, overwrite=task.overwrite or owned)
    record = record.model_copy(
        update={
            "mask_hash": sha256_file(mask),
            "thumbnail": _draw(image, result, task),
            "classes": tuple(map(_class, result.classes)),
            "flags": tuple(FlagRecord(code=f.code, sentence=f.sentence) for f in result.flags),
            "seconds": time.perf_counter() - started,
        }
    )
    write_text_atomic(place, _as_text(record))
    return ItemAnswer(record=record, before=False).model_dump_json()


def usual_suffix(image: Image) -> str:
    """Of a mask whose format nobody chose."""
    return "png" if image.geometry.dimensions == 2 and not image.has_time else "nii.gz"


@functools.lru_cache(maxsize=1)
def _bundle(path: Path, manifest_hash: str) -> Bundle:
    """The bundle, read once in a process: every byte of it is hashed, which takes its time.

    The hash of the manifest vouches for all the rest, so that what is kept is never another
    bundle than was asked for.
    """
    bundle = load_bundle(path)
    if bundle.manifest_hash != manifest_hash:
        raise BundleError(
            path,
            found=f"another bundle there ({bundle.manifest_hash[:12]})",
            expected=f"the one that the batch began with ({manifest_hash[:12]})",
            remedy="see that all machines have the same file",
        )
    return bundle


def _read(task: ItemTask) -> Image:
    asked = task.question
    stated = None if asked.override_modality else asked.modality
    if task.is_series:
        image = read_listed_series(task.path, task.files, modality=stated)
    else:
        image = read_image(task.path, modality=stated)
    if asked.modality is not None and asked.override_modality:
        return image.with_modality(ModalityStatement(asked.modality, "override"))
    return image


def _draw(image: Image, result: SegmentResult, task: ItemTask) -> bool:
    from omniseg_backend.inference.batch.thumbnail import thumbnail

    picture = thumbnail(image, result.segmentation)
    if picture is None:
        return False
    with atomic_path(task.output / thumbnail_name(task.name)) as temporary:
        picture.save(temporary)
    return True


def _class(found: ClassResult) -> ClassRecord:
    return ClassRecord(
        value=found.value,
        name=found.name,
        voxels=found.voxels,
        size=found.measurement.value,
        unit=found.measurement.unit,
        components=found.components,
        confidence=found.confidence,
        review=found.review,
    )


def _as_text(record: ItemRecord) -> str:
    return f"{record.model_dump_json(indent=2)}\n"
