"""From a data set's folder to the planes a run trains and validates on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from omniseg_backend.common.hashing import sha256_bytes, sha256_case, sha256_voxels
from omniseg_backend.common.progress import Cancel, Progress, check_cancel
from omniseg_backend.datasets.layouts import open_dataset
from omniseg_backend.datasets.loading import load_image, load_record
from omniseg_backend.datasets.problems import raise_if_unusable
from omniseg_backend.datasets.records import Case, Dataset, Record, group_cases
from omniseg_backend.datasets.site.check import check_for_training, open_for_training
from omniseg_backend.datasets.splits import Split
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.preprocessing.frame import PreparedFrame
from omniseg_backend.preprocessing.settings import (
    FitToSize,
    PreprocessingSettings,
)
from omniseg_backend.training.asked import modality_of, split_of
from omniseg_backend.training.samples import Plane, TrainingPlanes, planes_of
from omniseg_backend.training.settings import TrainingSettings
from omniseg_backend.training.survey import Survey


@dataclasses.dataclass(frozen=True, eq=False)
class PreparedData:
    """A data set ready to train on.

    Attributes:
        dataset: Where it came from.
        split: Which records train and which validate.
        preprocessing: With the ranges that the training part shows.
        train: Planes to draw from.
        validation: Planes to validate on.
        train_hashes: SHA-256 of each training case's voxels, sorted.
        validation_hashes: SHA-256 of each validation case's voxels, sorted.
        data_hash: SHA-256 over images, masks and the split.
        warnings: Sentences for the user.
    """

    dataset: Dataset
    split: Split
    preprocessing: PreprocessingSettings
    train: TrainingPlanes
    validation: tuple[Plane, ...]
    train_hashes: tuple[str, ...]
    validation_hashes: tuple[str, ...]
    data_hash: str
    warnings: tuple[str, ...]


def prepare_data(
    settings: TrainingSettings, *, progress: Progress, cancel: Cancel | None
) -> PreparedData:
    """Open, check and split the data set and prepare every plane once.

    Raises:
        DataError: The data set cannot be used; all its problems are in one error.
        UsageError: The modality is unknown, or the fold does not exist.
    """
    dataset = open_for_training(settings.dataset, progress=progress, cancel=cancel)
    modality = modality_of(dataset, settings)
    split = split_of(dataset, settings)
    survey = Survey(split.train, settings, modality)
    problems = check_for_training(dataset, look=survey.look, progress=progress, cancel=cancel)
    raise_if_unusable(problems)
    ranges = survey.result(dataset)
    preprocessing = PreprocessingSettings(
        modality=modality,
        image_channels=len(dataset.channel_names),
        neighbours=settings.neighbours,
        normalisation=ranges.normalisation,
        sampling=settings.sampling or FitToSize(),
        slicing=settings.slicing,
        input_size=settings.input_size,
        seen=ranges.seen,
    )
    train = _load(dataset, split.train, preprocessing, progress, cancel)
    validation = _load(dataset, split.validation, preprocessing, progress, cancel)
    negatives = _negatives(settings, preprocessing, progress, cancel)
    foreground = [plane for plane in train.planes if plane.has_foreground]
    empty = [plane for plane in train.planes if not plane.has_foreground] + negatives
    return PreparedData(
        dataset,
        split,
        preprocessing,
        TrainingPlanes(foreground, empty, settings.empty_share if empty else 0.0),
        tuple(validation.planes),
        tuple(sorted(train.case_hashes)),
        tuple(sorted(validation.case_hashes)),
        sha256_bytes("\n".join((*train.record_hashes, "", *validation.record_hashes)).encode()),
        (
            *dataset.warnings,
            *(problem.as_text() for problem in problems if problem.severity == "warning"),
        ),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Loaded:
    planes: list[Plane]
    case_hashes: list[str]
    record_hashes: list[str]


def _load(
    dataset: Dataset,
    records: tuple[Record, ...],
    preprocessing: PreprocessingSettings,
    progress: Progress,
    cancel: Cancel | None,
) -> _Loaded:
    loaded = _Loaded([], [], [])
    cases = group_cases(records)
    for index, case in enumerate(cases):
        check_cancel(cancel, "reading the data set")
        progress(f"reading case {index + 1} of {len(cases)}", index / len(cases))
        image_hashes = []
        for image, truth in _load_case(case, dataset):
            loaded.planes.extend(planes_of(image, truth, preprocessing, index))
            image_hashes.append(sha256_voxels(image.array))
            loaded.record_hashes.append(f"{image_hashes[-1]} {sha256_voxels(truth.labels)}")
        loaded.case_hashes.append(sha256_case(image_hashes))
    return loaded


def _load_case(case: Case, dataset: Dataset) -> Iterator[tuple[Image, Segmentation]]:
    return (load_record(record, dataset) for record in case.records)


def _negatives(
    settings: TrainingSettings,
    preprocessing: PreprocessingSettings,
    progress: Progress,
    cancel: Cancel | None,
) -> list[Plane]:
    """Planes of other data sets' training images, labelled as background throughout."""
    planes: list[Plane] = []
    for folder in settings.negatives:
        other = open_dataset(folder)
        records = other.part("train")
        for index, record in enumerate(records):
            check_cancel(cancel, "reading negatives")
            progress(f"reading negatives of {other.name}", index / len(records))
            image = with_channels(load_image(record, other), preprocessing.image_channels)
            for frame in range(image.frames):
                prepared = PreparedFrame(image, preprocessing, frame)
                nothing = np.zeros(prepared.plan.padded, np.uint8)
                planes += [
                    Plane(prepared.plane(plane), nothing, -1) for plane in range(prepared.planes)
                ]
    return planes


def with_channels(image: Image, channels: int) -> Image:
    """A negative's image with as many channels as the task has: the mean, repeated."""
    if image.channels == channels:
        return image
    mean = image.array.mean(axis=1, keepdims=True).astype(np.float32)
    if np.issubdtype(image.array.dtype, np.uint8):
        mean = mean.round().astype(np.uint8)
    repeated = np.repeat(mean, channels, axis=1)
    names = tuple(f"channel {index}" for index in range(channels))
    return dataclasses.replace(image, array=repeated, channel_names=names)
