"""How well a bundle does on a labelled data set, measured as a user would run it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from omniseg_backend.bundles.rules import Tolerance
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.progress import Cancel, Progress, check_cancel, no_progress
from omniseg_backend.common.wording import counted
from omniseg_backend.datasets.loading import load_record
from omniseg_backend.datasets.records import Case, Dataset, Part
from omniseg_backend.evaluation.asked import labelled_cases
from omniseg_backend.evaluation.shared_classes import match_classes
from omniseg_backend.images.classes import ClassTable
from omniseg_backend.images.geometry import Geometry
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.region import Region, whole
from omniseg_backend.inference.segment import segment
from omniseg_backend.metrics.report import score_case, score_slices
from omniseg_backend.metrics.scores import CaseScore, DatasetScore, Unit
from omniseg_backend.metrics.summary import summarise


@dataclasses.dataclass(frozen=True)
class BundleEvaluation:
    """A bundle's results on a part of a data set.

    Attributes:
        dataset: The data set's name.
        part: Which part.
        score: Per class: mean over cases; then mean over classes.
        cases: Every case.
        seconds: Wall time.
    """

    dataset: str
    part: str
    score: DatasetScore
    cases: tuple[CaseScore, ...]
    seconds: float


def evaluate_bundle(
    bundle: Bundle,
    dataset: Dataset,
    part: Part = "test",
    *,
    threads: int | None = None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> BundleEvaluation:
    """Segment every image of a part and score it against its truth.

    Raises:
        DataError: The part is empty, its classes are not the bundle's, or an image does not fit.
        CancelledError: The user cancelled.
    """
    cases = labelled_cases(dataset, part)
    return evaluate_cases(
        bundle, dataset, cases, part, threads=threads, progress=progress, cancel=cancel
    )


def evaluate_cases(
    bundle: Bundle,
    dataset: Dataset,
    cases: Sequence[Case],
    part: str,
    *,
    threads: int | None = None,
    progress: Progress = no_progress,
    cancel: Cancel | None = None,
) -> BundleEvaluation:
    """Score some cases; see ``evaluate_bundle``.

    Args:
        bundle: The model.
        dataset: Where the cases come from.
        cases: What to segment.
        part: What to call them in the result.
        threads: Of the network.
        progress: Told about every case.
        cancel: Looked at before every case.
    """
    match_classes(bundle.manifest, dataset.classes, dataset.name)
    started = time.perf_counter()
    scores = []
    for index, case in enumerate(cases):
        check_cancel(cancel, "evaluation")
        progress(f"segmenting case {index + 1} of {len(cases)}", index / len(cases))
        scores.append(_score(bundle, dataset, case, threads))
    progress(f"{counted(len(cases), 'case')} segmented", 1.0)
    seconds = time.perf_counter() - started
    return BundleEvaluation(dataset.name, part, summarise(scores), tuple(scores), seconds)


def predict(
    bundle: Bundle, image: Image, classes: ClassTable, threads: int | None
) -> NDArray[np.unsignedinteger]:
    """Labels (time, i, j, k) of an image, in a data set's values."""
    result = segment(image, bundle, region=_region(bundle, image.geometry), threads=threads)
    found = result.segmentation.labels
    labels = np.zeros(found.shape, np.uint16)
    for own, theirs in match_classes(bundle.manifest, classes, image.name).items():
        labels[found == own] = theirs
    return labels


def tolerance_on(tolerance: Tolerance, geometry: Geometry) -> float:
    """The surface tolerance in a geometry's own unit.

    A tolerance in pixels is taken times the spacing on an image in mm. One in mm says nothing
    about an image without spacing: one pixel is taken there.
    """
    if tolerance.unit == geometry.unit:
        return tolerance.value
    if geometry.unit == "mm":
        return tolerance.value * float(np.mean(geometry.spacing[:2]))
    return 1.0


def _region(bundle: Bundle, geometry: Geometry) -> Region | None:
    """The images of a task that needs a region are cut-outs already: all of each is taken."""
    return whole(geometry) if bundle.manifest.task.needs_region else None


def _score(bundle: Bundle, dataset: Dataset, case: Case, threads: int | None) -> CaseScore:
    truths: list[Segmentation] = []
    predictions = []
    for record in case.records:
        image, truth = load_record(record, dataset)
        truths.append(truth)
        predictions.append(predict(bundle, image, dataset.classes, threads))
    return score_labels(case, truths, predictions, bundle.manifest.surface_tolerance)


def score_labels(
    case: Case,
    truths: Sequence[Segmentation],
    predictions: Sequence[NDArray[np.unsignedinteger]],
    tolerance: Tolerance,
) -> CaseScore:
    """Score a case's predictions: one volume as a volume, anything else as a stack of slices.

    Args:
        case: Name and patient.
        truths: One per record, in slice order.
        predictions: Labels (time, i, j, k) in the truths' values.
        tolerance: Of the surface Dice.
    """
    geometry = truths[0].geometry
    classes = [(entry.value, entry.name) for entry in truths[0].classes]
    unit: Unit = geometry.unit
    allowed = tolerance_on(tolerance, geometry)
    if len(truths) == 1 and truths[0].labels.shape[0] == 1:
        return score_case(
            truths[0].labels[0],
            predictions[0][0],
            classes=classes,
            spacing=geometry.spacing,
            unit=unit,
            dimensions=geometry.dimensions,
            tolerance=allowed,
            case=case.name,
            patient=case.patient,
        )
    slices = [
        (truth.labels[frame, :, :, k : k + 1], predicted[frame, :, :, k : k + 1], truth)
        for truth, predicted in zip(truths, predictions, strict=True)
        for frame in range(truth.labels.shape[0])
        for k in range(truth.labels.shape[3])
    ]
    return score_slices(
        [truth for truth, _, _ in slices],
        [predicted for _, predicted, _ in slices],
        classes=classes,
        spacings=[segmentation.geometry.spacing for _, _, segmentation in slices],
        unit=unit,
        tolerance=allowed,
        case=case.name,
        patient=case.patient,
    )
