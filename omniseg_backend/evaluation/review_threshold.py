"""Choosing below which confidence a person should look again."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from omniseg_backend.bundles.rules import ReviewRule
from omniseg_backend.inference.review import needs_review

#: A false flag costs a glance, a missed bad mask may cost a wrong measurement.
_COST_OF_FALSE_FLAG = 0.5
#: Where no bad result was met, this share of the good ones may be flagged.
_FALSE_SHARE_WITHOUT_BAD = 0.05


@dataclasses.dataclass(frozen=True)
class JudgedResult:
    """A result of an image whose truth is known.

    Attributes:
        dice: Mean over the classes that truth or result hold.
        confidences: Of each class; None where it was not found.
        peaks: Highest probability of each class.
    """

    dice: float
    confidences: tuple[float | None, ...]
    peaks: tuple[float, ...]

    def is_flagged(self, rule: ReviewRule) -> bool:
        """Whether any class asks for review."""
        return any(
            needs_review(confidence, peak, rule)
            for confidence, peak in zip(self.confidences, self.peaks, strict=True)
        )


def choose_review_rule(results: Sequence[JudgedResult], bad_dice: float = 0.7) -> ReviewRule:
    """The threshold that best parts bad results from good ones, and how well it did.

    Maximises the share of bad results flagged less half the share of good ones flagged. With
    no bad result the threshold flags at most a twentieth of the good ones.

    Args:
        results: Of validation images and their corruptions.
        bad_dice: Below this a result is bad.
    """
    bad = [result for result in results if result.dice < bad_dice]
    good = [result for result in results if result.dice >= bad_dice]
    known = sorted({c for r in results for c in r.confidences if c is not None})
    middles = [(a + b) / 2 for a, b in itertools.pairwise(known)]
    candidates = [0.0, *middles, min(1.0, known[-1] + 1e-6)] if known else [0.0]
    rules = [_counted(threshold, bad_dice, bad, good) for threshold in _thinned(candidates)]
    if not bad:
        allowed = [r for r in rules if r.false_flags <= _FALSE_SHARE_WITHOUT_BAD * len(good)]
        return max(allowed or rules[:1], key=lambda rule: rule.threshold)
    return max(rules, key=lambda rule: (_worth(rule), -rule.threshold))


def _thinned(values: Sequence[float], most: int = 400) -> list[float]:
    step = max(1, len(values) // most)
    return [float(np.round(value, 4)) for value in [*values[::step], values[-1]]]


def _worth(rule: ReviewRule) -> float:
    return rule.detected / max(1, rule.bad) - _COST_OF_FALSE_FLAG * rule.false_flags / max(
        1, rule.good
    )


def _counted(
    threshold: float, bad_dice: float, bad: list[JudgedResult], good: list[JudgedResult]
) -> ReviewRule:
    rule = ReviewRule(
        threshold=threshold,
        bad_dice=bad_dice,
        detected=0,
        bad=len(bad),
        false_flags=0,
        good=len(good),
    )
    return rule.model_copy(
        update={
            "detected": sum(result.is_flagged(rule) for result in bad),
            "false_flags": sum(result.is_flagged(rule) for result in good),
        }
    )
