"""Ordering DICOM slices that lie at one place: time points, or nothing that can be ordered."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from omniseg_backend.common.errors import DataError
from omniseg_backend.images.dicom_header import Frame

Clock = Callable[[Frame], float | None]

#: In the order of how plainly they speak of time. The first two number whole time points, so
#: that every place must have the same numbers; the times of places differ by themselves.
_NUMBERS: tuple[Clock, ...] = (
    lambda frame: frame.moment.index,
    lambda frame: frame.moment.acquisition,
)
_TIMES: tuple[Clock, ...] = (
    lambda frame: frame.moment.trigger,
    lambda frame: frame.moment.clock,
)
#: Scanners' clocks jitter by some per cent from one time point to the next.
_INTERVAL_TOLERANCE = 0.05


def order_in_time(path: Path, places: Sequence[Sequence[Frame]]) -> list[list[Frame]]:
    """Sort the frames of every place by time.

    Args:
        path: The series, for messages.
        places: The frames at each place; the same number, at least 2, at each.

    Returns:
        The same with each place's frames in the order of time.

    Raises:
        DataError: The frames differ in something else than time, or nothing tells their order.
    """
    _refuse_contrast(path, places)
    for clock in (_NUMBERS[0], _TIMES[0], _NUMBERS[1], _TIMES[1]):
        values = [[clock(frame) for frame in place] for place in places]
        if any(None in place or len(set(place)) < len(place) for place in values):
            continue
        if clock in _NUMBERS and any(set(place) != set(values[0]) for place in values):
            continue
        return [sorted(place, key=lambda frame: clock(frame) or 0.0) for place in places]
    raise DataError(
        path,
        found=f"{len(places[0])} slices at each place, and nothing that tells their order",
        expected="one slice at each place, or time points told apart by a temporal position, "
        "trigger time, acquisition number or acquisition time",
        remedy="remove slices that are there twice, or separate the series",
    )


def interval(frames: Sequence[Frame]) -> float | None:
    """Seconds between the time points of one place, where they are told and even.

    Args:
        frames: In the order of time.
    """
    for clock, unit in zip(_TIMES, (0.001, 1.0), strict=True):
        values = [value for frame in frames if (value := clock(frame)) is not None]
        steps = [b - a for a, b in itertools.pairwise(values)]
        if len(values) < len(frames) or not steps or min(steps) <= 0:
            continue
        mean = sum(steps) / len(steps)
        if max(abs(step - mean) for step in steps) <= _INTERVAL_TOLERANCE * mean:
            return mean * unit
    resolution = frames[0].moment.resolution
    return None if resolution is None else resolution / 1000.0


def _refuse_contrast(path: Path, places: Sequence[Sequence[Frame]]) -> None:
    for place in places:
        for named in zip(*(frame.contrast for frame in place), strict=True):
            values = sorted({value for _, value in named})
            if len(values) > 1:
                raise DataError(
                    path,
                    found=f"slices at one place that differ in {named[0][0]}: "
                    f"{', '.join(value.replace(chr(92), ' ') or 'none' for value in values[:4])}",
                    expected="one kind of image in a series",
                    remedy="separate the series by it with the archive's tools",
                )
