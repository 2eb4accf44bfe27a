"""Confidence adds up over planes, and doubt is flagged."""

from __future__ import annotations

import numpy as np
import pytest

from omniseg_backend.bundles.rules import ReviewRule
from omniseg_backend.inference.confidence import ConfidenceSums, tally
from omniseg_backend.inference.measurements import Measurement
from omniseg_backend.inference.probabilities import strongest
from omniseg_backend.inference.results import ClassResult, class_flags
from omniseg_backend.inference.review import DOUBTFUL_ABSENCE, needs_review

RULE = ReviewRule(threshold=0.8, detected=1, bad=1, false_flags=0, good=1)


def random_planes(count: int, classes: int) -> np.ndarray:
    soft = np.random.default_rng(0).random((count, classes, 8, 9)).astype(np.float32) ** 3
    return soft / soft.sum(axis=1, keepdims=True)


def test_confidence_is_the_mean_probability_where_a_class_was_chosen() -> None:
    planes = random_planes(5, 4)
    sums = ConfidenceSums(4)
    for plane in planes:
        sums.add(tally(*strongest(plane), plane))
    chosen = planes.argmax(axis=1)
    for index in range(4):
        expected = planes[:, index][chosen == index].mean()
        assert sums.mean(index) == pytest.approx(expected, rel=1e-5)
        assert sums.peak(index) == pytest.approx(planes[:, index].max())


def test_a_class_that_was_never_chosen_has_a_peak_and_no_confidence() -> None:
    plane = np.zeros((3, 4, 4), np.float32)
    plane[0], plane[1] = 0.9, 0.1
    plane[:2, 2, 2] = 0.6, 0.4
    sums = ConfidenceSums(3)
    sums.add(tally(*strongest(plane), plane))
    assert sums.mean(1) is None
    assert sums.peak(1) == pytest.approx(0.4)
    assert sums.peak(2) == 0.0


@pytest.mark.parametrize(
    ("confidence", "peak", "expected"),
    [
        (0.79, 1.0, True),
        (0.80, 1.0, False),
        (0.95, 1.0, False),
        (None, DOUBTFUL_ABSENCE - 0.01, False),
        (None, DOUBTFUL_ABSENCE, True),
        (None, 0.99, True),
    ],
)
def test_doubt_is_flagged(confidence: float | None, peak: float, expected: bool) -> None:
    assert needs_review(confidence, peak, RULE) is expected


def class_result(name: str, voxels: int, confidence: float | None, peak: float) -> ClassResult:
    size = Measurement(float(voxels), "px")
    review = needs_review(confidence, peak, RULE)
    return ClassResult(
        1, name, voxels, size, (size,), int(voxels > 0), confidence, peak, review, voxels == 0
    )


def test_flags_name_what_was_not_found_and_what_is_doubtful() -> None:
    results = [
        class_result("liver", 90, 0.97, 1.0),
        class_result("spleen", 0, None, 0.31),
        class_result("left kidney", 9, 0.61, 0.9),
        class_result("right kidney", 0, None, 0.02),
    ]
    absent, doubtful = class_flags(results, RULE)
    assert absent.code == "none_found"
    assert absent.sentence == (
        "None found: spleen (highest probability 0.31), right kidney (highest probability 0.02)."
    )
    assert doubtful.code == "review"
    assert doubtful.sentence == (
        "Look again: spleen (none found, but a probability of 0.31), "
        "left kidney (mean confidence 0.61); the review threshold is 0.8."
    )


def test_a_sure_result_has_no_flag() -> None:
    assert class_flags([class_result("liver", 90, 0.97, 1.0)], RULE) == ()
