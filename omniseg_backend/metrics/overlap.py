"""Overlap of two masks: Dice and IoU."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from omniseg_backend.metrics.masks import Mask, require_pair

#: What a class met in a case. ``missed``: the prediction is empty where the truth is not;
#: ``false_positive``: the truth is empty where the prediction is not.
Outcome = Literal["both_present", "both_empty", "missed", "false_positive"]


@dataclasses.dataclass(frozen=True)
class Overlap:
    """Voxels counted in two masks; the counts of a case's parts add up.

    Attributes:
        truth: Voxels in the truth.
        prediction: Voxels in the prediction.
        both: Voxels in both.
    """

    truth: int
    prediction: int
    both: int

    @classmethod
    def of(cls, truth: Mask, prediction: Mask) -> Overlap:
        """Count two boolean masks of one shape."""
        require_pair(truth, prediction)
        return cls(
            int(np.count_nonzero(truth)),
            int(np.count_nonzero(prediction)),
            int(np.count_nonzero(truth & prediction)),
        )

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(
            self.truth + other.truth, self.prediction + other.prediction, self.both + other.both
        )

    @property
    def outcome(self) -> Outcome:
        """Which of the two masks hold anything."""
        if self.truth and self.prediction:
            return "both_present"
        if self.truth:
            return "missed"
        return "false_positive" if self.prediction else "both_empty"

    @property
    def dice(self) -> float | None:
        """2 |A and B| / (|A| + |B|), 0 to 1; None when both masks are empty."""
        total = self.truth + self.prediction
        return 2.0 * self.both / total if total else None

    @property
    def iou(self) -> float | None:
        """|A and B| / |A or B|, 0 to 1; None when both masks are empty."""
        union = self.truth + self.prediction - self.both
        return self.both / union if union else None


def dice(truth: Mask, prediction: Mask) -> float | None:
    """Dice coefficient (Dice 1945): 2 |A and B| / (|A| + |B|).

    Args:
        truth: Boolean mask of any shape.
        prediction: Boolean mask of the same shape.

    Returns:
        0 to 1; 0 when exactly one mask is empty; None when both are: such a case says nothing
        about the overlap and is counted and left out of means.

    Raises:
        DataError: The masks are not boolean arrays of one shape.
    """
    return Overlap.of(truth, prediction).dice


def iou(truth: Mask, prediction: Mask) -> float | None:
    """Intersection over union (Jaccard index): |A and B| / |A or B|.

    Args:
        truth: Boolean mask of any shape.
        prediction: Boolean mask of the same shape.

    Returns:
        0 to 1; 0 when exactly one mask is empty; None when both are.

    Raises:
        DataError: The masks are not boolean arrays of one shape.
    """
    return Overlap.of(truth, prediction).iou
