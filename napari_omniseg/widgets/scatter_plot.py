"""What was tried, in a plane of two objectives."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyqtgraph
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from napari_omniseg.models.metric_series import Point
from napari_omniseg.models.plot_colours import line_colour
from napari_omniseg.models.plot_ranges import value_span
from napari_omniseg.widgets.plot_frame import Key, PlotFrame

_TRIED, _CHOSEN = 1, 0


class ScatterPlot(PlotFrame):
    """A point for each thing that was tried; the chosen ones are larger and of another shape.

    Args:
        title: The group.
        across: The horizontal objective.
        up: The vertical one.
    """

    def __init__(self, title: str, across: str, up: str, parent: QWidget | None = None) -> None:
        self._points: tuple[Point, ...] = ()
        self._across, self._up = across, up
        self.items: dict[bool, pyqtgraph.ScatterPlotItem] = {}
        super().__init__(title, parent=parent)
        for side, name in (("bottom", across), ("left", up)):
            self.plot.setLabel(side, name)

    def show_points(self, points: Iterable[Point]) -> None:
        """Draw these and no others; a point without both objectives is left out."""
        self._points = tuple(p for p in points if p.x == p.x and p.y == p.y)
        self.redraw()

    def redraw(self) -> None:
        """Draw the points as they are now."""
        keys = []
        for chosen, name, place, symbol, size, sign in (
            (False, "tried", _TRIED, "o", 7, "●"),
            (True, "chosen", _CHOSEN, "d", 13, "◆"),
        ):
            colour = line_colour(place, self.background)
            item = self.items.get(chosen)
            if item is None:
                item = self.items[chosen] = pyqtgraph.ScatterPlotItem(hoverable=True, tip=_tip)
                self.plot.addItem(item)
            shown = [point for point in self._points if point.chosen == chosen]
            item.setData(
                x=[point.x for point in shown],
                y=[point.y for point in shown],
                data=[f"{p.label}\n" * bool(p.label) + self._objectives(p) for p in shown],
                symbol=symbol,
                size=size,
                brush=QColor(*colour),
                pen=None,
            )
            if shown:
                keys.append(Key(name, str(len(shown)), colour, sign))
        self.show_legend(keys)
        self.show_span(
            value_span(np.array([point.x for point in self._points]), self._across),
            value_span(np.array([point.y for point in self._points]), self._up),
        )

    def _objectives(self, point: Point) -> str:
        return f"{self._across} {point.x:.4g}, {self._up} {point.y:.4g}"


def _tip(x: float, y: float, data: str) -> str:
    return data
