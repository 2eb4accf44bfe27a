"""Judging a bundle on images with truth and on corruptions of them, for its review flag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from omniseg_backend.bundles.card import FalsePositives
from omniseg_backend.bundles.store import Bundle
from omniseg_backend.common.progress import Cancel, Progress, check_cancel
from omniseg_backend.evaluation.corruptions import CORRUPTIONS, corrupt
from omniseg_backend.evaluation.review_threshold import JudgedResult
from omniseg_backend.evaluation.shared_classes import match_classes
from omniseg_backend.images.image import Image
from omniseg_backend.images.segmentation import Segmentation
from omniseg_backend.inference.region import whole
from omniseg_backend.inference.results import SegmentResult
from omniseg_backend.inference.segment import segment
from omniseg_backend.metrics.overlap import dice

LabelledImage = tuple[Image, Segmentation]


def judge(
    bundle: Bundle,
    images: Iterable[LabelledImage],
    *,
    seed: int,
    progress: Progress,
    cancel: Cancel | None,
) -> list[JudgedResult]:
    """Segment each image as it is and once per kind of corruption.

    Results where neither truth nor mask holds anything are left out: there is nothing to
    review.

    Args:
        bundle: The model, its temperature fitted.
        images: Validation images with their truth.
        seed: Of the corruptions.
        progress: Told about every image.
        cancel: Looked at before every image.
    """
    judged = []
    for index, (image, truth) in enumerate(images):
        check_cancel(cancel, "choosing the review threshold")
        progress(f"choosing the review threshold, image {index + 1}", 0.5)
        for altered in _variants(image, seed + index):
            result = _segment(bundle, altered)
            score = mean_dice(bundle, result, truth)
            if score is not None:
                judged.append(_judged(score, result))
    return judged


def judge_strangers(bundle: Bundle, images: Iterable[Image]) -> list[JudgedResult]:
    """Results on images that do not show the structure: any mask has a Dice of 0.

    Images where nothing was found are right and are left out.
    """
    results = (_segment(bundle, image) for image in images)
    return [_judged(0.0, result) for result in results if not result.none_found]


def false_positives(bundle: Bundle, images: Iterable[Image], data: str) -> FalsePositives | None:
    """What is found on images that do not show the structure; None without any image.

    Areas are in pixels: the images of other data sets rarely share a spacing.

    Args:
        bundle: The model.
        images: Images without the structure.
        data: What to call them in the card.
    """
    areas = [
        sum(result.voxels for result in _segment(bundle, image).classes) / image.frames
        for image in images
    ]
    if not areas:
        return None
    return FalsePositives(
        data=data,
        images=len(areas),
        images_with_any=sum(area > 0 for area in areas),
        mean_area=float(np.mean(areas)),
        unit="px",
    )


def mean_dice(bundle: Bundle, result: SegmentResult, truth: Segmentation) -> float | None:
    """Mean Dice over the classes that truth or result hold; None if they hold none."""
    values = [
        dice(truth.labels == theirs, result.segmentation.labels == own)
        for own, theirs in match_classes(bundle.manifest, truth.classes, truth.name).items()
    ]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _segment(bundle: Bundle, image: Image) -> SegmentResult:
    region = whole(image.geometry) if bundle.manifest.task.needs_region else None
    return segment(image, bundle, region=region, override_modality=True)


def _variants(image: Image, seed: int) -> Iterator[Image]:
    yield image
    for kind in CORRUPTIONS:
        yield corrupt(image, kind, seed)


def _judged(score: float, result: SegmentResult) -> JudgedResult:
    return JudgedResult(
        score,
        tuple(entry.confidence for entry in result.classes),
        tuple(entry.peak for entry in result.classes),
    )
