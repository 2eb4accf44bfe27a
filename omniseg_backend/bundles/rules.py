"""What a model's output goes through: clean-up, review flag, tolerance."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from omniseg_backend.bundles.fields import Count, Label, NotNegative, Positive, Share, Strict


class CleanUpRule(Strict):
    """What is done to one class's mask after the network.

    Attributes:
        class_name: The class, by its name in the manifest.
        keep_largest: Whether only the largest connected component stays.
        fill_holes: Whether background enclosed by the class joins it.
        min_size: Components smaller than this go; 0 keeps all.
        unit: What ``min_size`` is in: pixels (voxels), square or cubic millimetres. A rule in
            millimetres does not apply to an image without real spacing, nor one in ``mm2`` to
            a volume, nor one in ``mm3`` to a picture.
    """

    class_name: Label
    keep_largest: bool = False
    fill_holes: bool = False
    min_size: NotNegative = 0.0
    unit: Literal["px", "mm2", "mm3"] = "px"


class ReviewRule(Strict):
    """When a person should look again, and how well that was found to work.

    Chosen and counted on validation cases and seeded corruptions of them.

    Attributes:
        threshold: A class whose mean confidence lies below is flagged for review.
        bad_dice: A case counts as bad below this Dice.
        detected: How many bad cases were flagged.
        bad: How many bad cases there were; 0 means that there was no such case.
        false_flags: How many good cases were flagged.
        good: How many good cases there were.
    """

    threshold: Share
    bad_dice: Share = 0.7
    detected: Count
    bad: Count
    false_flags: Count
    good: Count

    @model_validator(mode="after")
    def _check_counts(self) -> ReviewRule:
        if self.detected > self.bad or self.false_flags > self.good:
            raise ValueError("more cases were flagged than there were cases")
        return self

    @property
    def sensitivity(self) -> str:
        """Flagged among bad cases: ``12 of 15``, or ``no such case``."""
        return f"{self.detected} of {self.bad}" if self.bad else "no such case"

    @property
    def false_alarms(self) -> str:
        """Flagged among good cases: ``3 of 40``, or ``no such case``."""
        return f"{self.false_flags} of {self.good}" if self.good else "no such case"


class Tolerance(Strict):
    """How far apart two surfaces may lie and still count as the same (surface Dice)."""

    value: Positive
    unit: Literal["mm", "px"]
