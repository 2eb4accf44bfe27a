"""When a person should look again."""

from __future__ import annotations

from omniseg_backend.bundles.rules import ReviewRule

#: A class that was not found is doubtful from this probability on. Where two classes compete
#: a pixel goes to the class from 0.5 on, so a quarter is half way to finding something; and
#: a class whose voxels were all cleaned away lies above it too.
DOUBTFUL_ABSENCE = 0.25


def needs_review(confidence: float | None, peak: float, rule: ReviewRule) -> bool:
    """Whether a class of a result should be looked at again.

    Args:
        confidence: Mean calibrated probability of the class; None where it was not found.
        peak: Its largest probability anywhere.
        rule: The manifest's rule, whose threshold was chosen on validation cases.
    """
    if confidence is None:
        return peak >= DOUBTFUL_ABSENCE
    return confidence < rule.threshold
