"""Two bundles on the held-out cases of one data set, paired case by case."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.hashing import sha256_bytes, sha256_case, sha256_voxels
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.common.provenance import DISTRIBUTION, now_utc, software_version
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.loading import load_record
from omniseg_backend.datasets.records import Case, Dataset
from omniseg_backend.evaluation.asked import refuse_one_bundle_twice, reserved_cases
from omniseg_backend.evaluation.comparison import (
    CaseClassPair,
    CaseComparison,
    ClassComparison,
    ComparedBundle,
    Comparison,
    comparison_id,
)
from omniseg_backend.evaluation.evaluate import score_labels
from omniseg_backend.evaluation.held_out import seen_in_training
from omniseg_backend.evaluation.shared_classes import SharedClasses, shared_classes
from omniseg_backend.evaluation.verdict import dice_pair, difference, verdict_of
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.region import whole
from omniseg_backend.inference.segment import segment
from omniseg_backend.metrics.scores import CaseScore, ClassScore


@dataclasses.dataclass(frozen=True)
class _Measured:
    """One case with both bundles' scores over the shared classes."""

    case: Case
    image_hashes: tuple[str, ...]
    mask_hashes: tuple[str, ...]
    old: CaseScore
    new: CaseScore


def compare(
    old: Bundle,
    new: Bundle,
    dataset: Dataset,
    *,
    threads: int | None = None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> Comparison:
    """Measure two bundles on the reserved cases of a data set.

    Only classes that both have are compared, by name; the data set must hold every class of the
    new bundle, or a loss would go unseen. Nothing is recorded: see ``record_comparison``.

    Args:
        old: The bundle in use.
        new: The bundle that may replace it.
        dataset: Its test part is measured on.
        threads: Of the networks.
        progress: Told about every case.
        cancel: Looked at before every case.

    Raises:
        DataError: There is no reserved case, the classes cannot be compared, both bundles are
            one, or an image does not fit.
        CancelledError: The user cancelled.
    """
    cases = reserved_cases(dataset)
    refuse_one_bundle_twice(new.path, old.manifest_hash, new.manifest_hash)
    shared = shared_classes(old.manifest, new.manifest, dataset)
    started = time.perf_counter()
    measured = []
    for index, case in enumerate(cases):
        check_cancel(cancel, "the comparison")
        progress(f"comparing on case {index + 1} of {len(cases)}", index / len(cases))
        measured.append(_measure(old, new, dataset, case, shared, threads))
    progress(f"compared on {counted(len(cases), 'case')}", 1.0)
    return _comparison(old, new, dataset, shared, measured, time.perf_counter() - started)


def predicted(
    bundle: Bundle, image: Image, values: Mapping[int, int], threads: int | None
) -> NDArray[np.unsignedinteger]:
    """Labels (time, i, j, k) of an image in a data set's values.

    Args:
        bundle: The model.
        image: What to segment.
        values: The bundle's value to the data set's; other classes become background.
        threads: Of the network.
    """
    region = whole(image.geometry) if bundle.manifest.task.needs_region else None
    found = segment(image, bundle, region=region, threads=threads).segmentation.labels
    labels = np.zeros(found.shape, np.uint16)
    for own, theirs in values.items():
        labels[found == own] = theirs
    return labels


def _measure(
    old: Bundle,
    new: Bundle,
    dataset: Dataset,
    case: Case,
    shared: SharedClasses,
    threads: int | None,
) -> _Measured:
    truths: list[Segmentation] = []
    images, masks = [], []
    found: tuple[list[NDArray[np.unsignedinteger]], ...] = ([], [])
    for record in case.records:
        image, truth = load_record(record, dataset)
        images.append(sha256_voxels(image.array))
        masks.append(sha256_voxels(truth.labels))
        truths.append(dataclasses.replace(truth, classes=shared.table))
        for bundle, values, labels in zip((old, new), (shared.old, shared.new), found, strict=True):
            labels.append(predicted(bundle, image, values, threads))
    # One tolerance for both; no figure of a comparison depends on it.
    scores = [score_labels(case, truths, f, new.manifest.surface_tolerance) for f in found]
    return _Measured(case, tuple(images), tuple(masks), scores[0], scores[1])


def _comparison(
    old: Bundle,
    new: Bundle,
    dataset: Dataset,
    shared: SharedClasses,
    measured: Sequence[_Measured],
    seconds: float,
) -> Comparison:
    cases = tuple(_case(one) for one in measured)
    overall = difference(
        [case.old_dice for case in cases],
        [case.new_dice for case in cases],
        [case.patient for case in cases],
    )
    when = now_utc()
    return Comparison(
        schema_version=1,
        id=comparison_id(old.manifest_hash, new.manifest_hash, when),
        when=when,
        software=f"{DISTRIBUTION} {software_version()}",
        old=ComparedBundle.of(old),
        new=ComparedBundle.of(new),
        dataset=dataset.name,
        dataset_hash=_dataset_hash(measured),
        patients_stated=dataset.patients_stated,
        classes=tuple(_class(entry.name, measured) for entry in shared.table),
        only_old=shared.only_old,
        only_new=shared.only_new,
        cases=cases,
        old_dice=_mean(case.old_dice for case in cases),
        new_dice=_mean(case.new_dice for case in cases),
        overall=overall,
        verdict=verdict_of(overall),
        trained_on=seen_in_training(cases, (old.manifest, new.manifest)),
        seconds=seconds,
    )


def _case(one: _Measured) -> CaseComparison:
    pairs = [
        dice_pair(before.dice, after.dice)
        for before, after in zip(one.old.classes, one.new.classes, strict=True)
    ]
    return CaseComparison(
        case=one.case.name,
        patient=one.case.patient,
        case_hash=sha256_case(one.image_hashes),
        image_hashes=one.image_hashes,
        old_dice=_mean(before for before, _ in pairs),
        new_dice=_mean(after for _, after in pairs),
        classes={
            before.name: CaseClassPair(
                old_dice=before.dice,
                new_dice=after.dice,
                old_hd95=None if before.hd95 is None else before.hd95.value,
                new_hd95=None if after.hd95 is None else after.hd95.value,
            )
            for before, after in zip(one.old.classes, one.new.classes, strict=True)
        },
    )


def _class(name: str, measured: Sequence[_Measured]) -> ClassComparison:
    old = [one.old.score(name) for one in measured]
    new = [one.new.score(name) for one in measured]
    patients = [one.case.patient for one in measured]
    pairs = [dice_pair(a.dice, b.dice) for a, b in zip(old, new, strict=True)]
    units = {score.hd95.unit for score in (*old, *new) if score.hd95 is not None}
    one_unit = len(units) == 1
    before, after = (_hd95(scores) if one_unit else [None] * len(scores) for scores in (old, new))
    return ClassComparison(
        name=name,
        old_dice=_mean(score.dice for score in old),
        new_dice=_mean(score.dice for score in new),
        dice=difference([a for a, _ in pairs], [b for _, b in pairs], patients),
        old_hd95=_mean(before),
        new_hd95=_mean(after),
        hd95=difference(before, after, patients),
        unit=units.pop() if one_unit else None,
        old_missed=_count(old, "missed"),
        new_missed=_count(new, "missed"),
        old_invented=_count(old, "false_positive"),
        new_invented=_count(new, "false_positive"),
    )


def _hd95(scores: Sequence[ClassScore]) -> list[float | None]:
    return [None if score.hd95 is None else score.hd95.value for score in scores]


def _count(scores: Sequence[ClassScore], outcome: str) -> int:
    return sum(score.outcome == outcome for score in scores)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _dataset_hash(measured: Sequence[_Measured]) -> str:
    lines = sorted(
        f"{image} {mask}"
        for one in measured
        for image, mask in zip(one.image_hashes, one.mask_hashes, strict=True)
    )
    return sha256_bytes("\n".join(lines).encode())
