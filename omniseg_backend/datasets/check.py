"""Checking a whole data set before training: all faults in one list."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from omniseg_backend.common.errors import DataError, GeometryError
from omniseg_backend.common.hashing import sha256_voxels
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.loading import ChannelError, load_image, load_mask
from omniseg_backend.datasets.problems import (
    Problem,
    ProblemKind,
    UnusableDatasetError,
    listed,
    raise_if_unusable,
)
from omniseg_backend.datasets.records import Dataset, Record
from omniseg_backend.images.image import Image
from omniseg_backend.images.plausibility import doubtful_values
from omniseg_backend.images.segmentation import Segmentation

__all__ = ["check_dataset", "open_or_list_all", "raise_if_unusable"]


@dataclasses.dataclass(frozen=True)
class Seen:
    """What reading one record showed.

    Attributes:
        record: Which one.
        problems: What is wrong with it.
        voxel_hash: SHA-256 of the image's voxels, or None where it cannot be read.
        mask_hash: SHA-256 of its mask's labels, or None where it cannot be read.
        values: The label values of its mask, or None where it cannot be read.
        doubts: Codes of what is odd about the image's values.
    """

    record: Record
    problems: tuple[Problem, ...] = ()
    voxel_hash: str | None = None
    mask_hash: str | None = None
    values: frozenset[int] | None = None
    doubts: frozenset[str] = frozenset()


def check_dataset(
    dataset: Dataset,
    *,
    look: Callable[[Record, Image, Segmentation], None] | None = None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> tuple[Problem, ...]:
    """Read every image and mask once and list all that is wrong.

    Reported as errors: a file that cannot be read or holds NaN or infinity, a mask or channel on
    another grid, missing channels, label values without a class, a patient in both parts, one
    image (by its voxels) in both parts, no training image, training masks without any label. As
    warnings: one image under two patients of one part, a class that no training mask holds,
    images of a single value, CT with real spacing whose values are hardly HU.

    Args:
        dataset: What ``open_dataset`` gave.
        look: Shown every record that is readable, in order, so that nobody reads it for that.
        progress: Told about every record.
        cancel: Ends the check.

    Returns:
        All problems; pass them to ``raise_if_unusable``.

    Raises:
        CancelledError: ``cancel`` was set.
    """
    seen = look_at_all(dataset, look=look, progress=progress, cancel=cancel)
    return problems_of(dataset, seen)


def open_or_list_all(
    folder: Path, *, progress: Progress = no_progress, cancel: Cancel | None = None
) -> Dataset:
    """Open a data set; where files are missing, read the others first, so that one error tells all.

    Args:
        folder: The data set's.
        progress: Told about every record that is read.
        cancel: Ends the reading.

    Raises:
        DataError: It cannot be opened; all its problems are in the error.
        CancelledError: ``cancel`` was set.
    """
    try:
        return open_dataset(folder)
    except UnusableDatasetError as error:
        if error.rest is not None:
            others = check_dataset(error.rest, progress=progress, cancel=cancel)
            raise_if_unusable([*error.problems, *others])
        raise


def look_at_all(
    dataset: Dataset,
    *,
    look: Callable[[Record, Image, Segmentation], None] | None = None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> tuple[Seen, ...]:
    """Read every image and mask once; arguments and errors as in ``check_dataset``."""
    seen = []
    for index, record in enumerate(dataset.records):
        check_cancel(cancel, "the data set's check")
        progress("checking the data set", index / len(dataset.records))
        seen.append(_look_at(record, dataset, look))
    progress("checking the data set", 1.0)
    return tuple(seen)


def problems_of(dataset: Dataset, seen: Sequence[Seen]) -> tuple[Problem, ...]:
    """What ``check_dataset`` reports, from what reading showed."""
    return (
        *_patients_in_both_parts(dataset),
        *(problem for one in seen for problem in one.problems),
        *_duplicates(seen),
        *_doubtful(dataset, seen),
        *_nothing_to_learn(dataset, seen),
    )


def _look_at(
    record: Record, dataset: Dataset, look: Callable[[Record, Image, Segmentation], None] | None
) -> Seen:
    try:
        image = load_image(record, dataset)
    except DataError as error:
        return Seen(record, (Problem.from_error(_kind_of(error), error),))
    voxel_hash = sha256_voxels(image.array)
    try:
        mask = load_mask(record, dataset, image)
    except DataError as error:
        return Seen(record, (Problem.from_error(_kind_of(error), error),), voxel_hash)
    if look is not None:
        look(record, image, mask)
    values = frozenset(int(value) for value in np.unique(mask.labels))
    judged_as = image.modality.value if image.geometry.unit == "mm" else None
    doubts = frozenset(flag.code for flag in doubtful_values(image, judged_as))
    return Seen(record, (), voxel_hash, sha256_voxels(mask.labels), values, doubts)


def _kind_of(error: DataError) -> ProblemKind:
    if isinstance(error, GeometryError):
        return "grid"
    if isinstance(error, ChannelError):
        return "channels"
    return "file"


def _patients_in_both_parts(dataset: Dataset) -> list[Problem]:
    training, test = (
        Counter(record.patient for record in dataset.part(part)) for part in ("train", "test")
    )
    return [
        Problem(
            "patients",
            f"patient {patient}",
            found=f"{counted(training[patient], 'training image')} and "
            f"{counted(test[patient], 'test image')}",
            expected="every patient in one part only",
            remedy="move all images of this patient to one part",
        )
        for patient in training
        if patient in test
    ]


def _duplicates(seen: Sequence[Seen]) -> list[Problem]:
    by_hash: dict[str, list[Record]] = {}
    for one in seen:
        if one.voxel_hash is not None:
            by_hash.setdefault(one.voxel_hash, []).append(one.record)
    problems = []
    for records in by_hash.values():
        across_parts = len({record.part for record in records}) > 1
        across_patients = len({record.patient for record in records}) > 1
        if not (across_parts or across_patients):
            continue
        names = [f"{record.file} ({record.part})" for record in records[1:]]
        problems.append(
            Problem(
                "duplicate",
                str(records[0].image_paths[0]),
                found=f"the same image as {listed(names)}",
                expected="every image in one part and under one patient",
                remedy="remove the copies from one part"
                if across_parts
                else "name one patient for them in cases.csv, or remove the copies",
                severity="error" if across_parts else "warning",
            )
        )
    return problems


def _doubtful(dataset: Dataset, seen: Sequence[Seen]) -> list[Problem]:
    """One warning per kind of doubt, since an export that went wrong did so for all images."""
    wordings = (
        ("constant", "of one value in all of a channel", "images that show something"),
        ("not_hounsfield", "whose values are hardly Hounsfield units", "air near -1000, water 0"),
    )
    problems = []
    for code, words, expected in wordings:
        names = [one.record.file for one in seen if code in one.doubts]
        if names:
            found = f"{counted(len(names), 'image')} {words}: {listed(names)}"
            problems.append(
                Problem(
                    "values",
                    str(dataset.root),
                    found=found,
                    expected=expected,
                    remedy="check how these images were exported",
                    severity="warning",
                )
            )
    return problems


def _nothing_to_learn(dataset: Dataset, seen: Sequence[Seen]) -> list[Problem]:
    training = [one for one in seen if one.record.part == "train"]
    if not training:
        return [
            Problem(
                "empty",
                str(dataset.root),
                found="no training image",
                expected="labelled images to train on",
                remedy="add training images",
            )
        ]
    readable = [one.values for one in training if one.values is not None]
    if not readable:
        return []
    present = frozenset[int]().union(*readable)
    absent = [entry for entry in dataset.classes if entry.value not in present]
    if len(absent) == len(dataset.classes):
        return [
            Problem(
                "empty",
                str(dataset.root),
                found="training masks without a single labelled pixel",
                expected="masks that label at least one structure",
                remedy="check that the masks belong to this data set",
            )
        ]
    return [
        Problem(
            "empty",
            f"class {entry.name}",
            found="no training mask that holds it",
            expected="examples of every class",
            remedy="label it or remove it from the classes",
            severity="warning",
        )
        for entry in absent
    ]
