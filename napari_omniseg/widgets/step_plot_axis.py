"""An axis of steps, which are counted and never halved."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph


class StepAxis(pyqtgraph.AxisItem):
    """Marks whole numbers only, and writes them in full."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.enableAutoSIPrefix(False)

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """Pyqtgraph's spacings, but none below 1."""
        found = super().tickSpacing(low, high, size)
        return [(space, offset) for space, offset in found if space >= 1] or [(1, 0)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """Whole numbers."""
        return [str(round(value)) for value in values]
