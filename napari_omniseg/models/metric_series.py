"""The figures that a job has told, as lines and points to draw: the last counts, in order of steps.

Qt-free, so that it is the same for every front end and is tested without one.
"""

from __future__ import annotations

import bisect
import dataclasses
from array import array

import numpy as np
import numpy.typing as npt

from omniseg_backend.jobs.events import Measured, Tried

Numbers = npt.NDArray[np.float64]

#: Points of a line that are drawn; more than a plot has columns of pixels.
MOST_DRAWN = 2000


@dataclasses.dataclass(frozen=True)
class Point:
    """One thing that was tried.

    Attributes:
        step: Its number.
        x: The first objective; NaN where undefined.
        y: The second.
        label: What it stands for.
        chosen: Whether it stands out.
    """

    step: int
    x: float
    y: float
    label: str
    chosen: bool


class Line:
    """One figure over steps."""

    def __init__(self) -> None:
        self._steps = array("q")
        self._values = array("d")

    def put(self, step: int, value: float | None) -> None:
        """Set the value of a step; None leaves a gap there."""
        number = float("nan") if value is None else value
        if not self._steps or step > self._steps[-1]:
            self._steps.append(step)
            self._values.append(number)
            return
        place = bisect.bisect_left(self._steps, step)
        if self._steps[place] == step:
            self._values[place] = number
        else:
            self._steps.insert(place, step)
            self._values.insert(place, number)

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def first_step(self) -> int:
        """The lowest step."""
        return self._steps[0]

    @property
    def latest(self) -> float:
        """The value at the last step; NaN if it is undefined."""
        return self._values[-1]

    def drawn(self, most: int = MOST_DRAWN) -> tuple[Numbers, Numbers]:
        """Steps and values, thinned out to about ``most`` points; NaN where there is a gap.

        Nothing where every value is undefined: there is no range to draw them in.
        """
        steps, values = np.array(self._steps, np.float64), np.array(self._values, np.float64)
        if np.isnan(values).all():
            return steps[:0], values[:0]
        return thinned(steps, values, most)


class MetricSeries:
    """All figures of one job.

    Attributes:
        lines: By group and name, each in the order in which it came first.
        points: By group and step.
        axes: Names of the horizontal and the vertical objective, by group of points.
    """

    def __init__(self) -> None:
        self.lines: dict[str, dict[str, Line]] = {}
        self.points: dict[str, dict[int, Point]] = {}
        self.axes: dict[str, tuple[str, str]] = {}

    def add(self, measured: Measured) -> None:
        """Take figures; those of the same group and step are replaced."""
        group = self.lines.setdefault(measured.group, {})
        for name, value in measured.values.items():
            group.setdefault(name, Line()).put(measured.step, value)

    def add_trial(self, tried: Tried) -> None:
        """Take a point; that of the same group and step is replaced."""
        (across, x), (up, y) = tried.objectives.items()
        self.axes[tried.group] = (across, up)
        self.points.setdefault(tried.group, {})[tried.step] = Point(
            tried.step, _number(x), _number(y), tried.label, tried.chosen
        )


def thinned(steps: Numbers, values: Numbers, most: int) -> tuple[Numbers, Numbers]:
    """At most about ``most`` points that look the same: the extremes of equally many neighbours.

    Args:
        steps: Ascending.
        values: As many; NaN for gaps. A gap stays where a whole stretch is one.
        most: Points to keep, at least 2.
    """
    if len(steps) <= most:
        return steps, values
    bins = most // 2
    width = -(-len(steps) // bins)
    gap = np.isnan(values)
    # The last bins may be empty; what fills them is cut off below.
    room = bins * width - len(steps)
    low = np.pad(np.where(gap, np.inf, values), (0, room), constant_values=np.inf)
    high = np.pad(np.where(gap, -np.inf, values), (0, room), constant_values=-np.inf)
    begin = np.arange(bins) * width
    lowest = begin + low.reshape(bins, width).argmin(axis=1)
    highest = begin + high.reshape(bins, width).argmax(axis=1)
    # The newest point is the one that is looked at.
    newest = len(steps) - 1
    kept = np.unique(np.minimum(np.concatenate([lowest, highest, [newest]]), newest))
    return steps[kept], values[kept]


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
