"""What part of the plane a plot shows: all figures, and no values that they cannot have."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from napari_omniseg.models.metric_series import Line, Numbers

#: Of the span of the figures, left free on either side.
_FREE = 0.05
#: Either side of a figure that stands alone, as a share of it, and at least.
_ALONE, _ALONE_LEAST = 0.1, 0.05
#: The mean of what one class alone has says nothing more.
_MEAN = "mean"


@dataclasses.dataclass(frozen=True)
class Span:
    """From and to, the first below the second."""

    low: float
    high: float


def value_span(values: Numbers, title: str = "") -> Span | None:
    """What an axis of figures shows; None where there is no figure.

    Args:
        values: The figures; NaN for gaps.
        title: What they are: Dice ends at 1.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    least = low
    free = _FREE * (high - low) if high > low else max(_ALONE * abs(low), _ALONE_LEAST)
    low, high = low - free, high + free
    if least >= 0:
        # Losses, times and shares are none of them below zero.
        low = max(low, 0.0)
    return Span(low, min(high, 1.0) if _ends_at_one(title, known) else high)


def step_span(steps: Numbers) -> Span | None:
    """What an axis of steps shows: a step alone has its neighbours beside it."""
    if not len(steps):
        return None
    low, high = float(steps.min()), float(steps.max())
    return Span(low, high) if high > low else Span(max(low - 1, 0.0), high + 1)


def are_steps(lines: Mapping[str, Line]) -> bool:
    """Whether the figures came step by step: those that are told once stand at step 0."""
    return any(len(line) > 1 or line.first_step > 0 for line in lines.values())


def told_lines(lines: Mapping[str, Line]) -> Mapping[str, Line]:
    """Those that are drawn: a mean only over several classes."""
    if _MEAN not in lines or len(lines) != 2:
        return lines
    return {name: line for name, line in lines.items() if name != _MEAN}


def _ends_at_one(title: str, known: Numbers) -> bool:
    return title.casefold().startswith("dice") and bool(known.max() <= 1)
