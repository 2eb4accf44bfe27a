"""One group of figures over steps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyqtgraph
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from napari_omniseg.models.metric_series import Line, Numbers
from napari_omniseg.models.plot_colours import line_colour
from napari_omniseg.models.plot_ranges import are_steps, step_span, told_lines, value_span
from napari_omniseg.widgets.plot_frame import Key, PlotFrame, figure
from napari_omniseg.widgets.step_plot_axis import StepAxis
from omniseg_backend.images.classes import PALETTE

#: Fewer points than this are marked: a line of one point would not be seen.
_MARKED_BELOW = 25


class LinePlot(PlotFrame):
    """A line for each name.

    Args:
        title: The group.
        lines: The figures by name; looked at whenever the plot is drawn.
    """

    def __init__(
        self, title: str, lines: Mapping[str, Line], parent: QWidget | None = None
    ) -> None:
        self._lines = lines
        self._stepwise: bool | None = None
        self.curves: dict[str, pyqtgraph.PlotDataItem] = {}
        super().__init__(title, bottom=StepAxis(), parent=parent)

    def redraw(self) -> None:
        """Draw all lines as they are now."""
        keys = []
        told = told_lines(self._lines)
        drawn = {name: line.drawn() for name, line in told.items()}
        for name, curve in self.curves.items():
            if name not in told:
                curve.setData([], [])
        for place, (name, line) in enumerate(told.items()):
            colour = line_colour(place, self.background)
            curve = self.curves.get(name)
            if curve is None:
                curve = self.curves[name] = self.plot.plot(connect="finite")
            # Widths of one pixel only: Qt draws any other line many times slower.
            dashed = place >= len(PALETTE)
            style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
            curve.setPen(pyqtgraph.mkPen(QColor(*colour), width=1, style=style))
            curve.setSymbol("o" if len(line) < _MARKED_BELOW else None)
            curve.setSymbolSize(4)
            curve.setSymbolBrush(QColor(*colour))
            curve.setSymbolPen(None)
            curve.setData(*drawn[name])
            keys.append(Key(name, figure(line.latest), colour, "┅" if dashed else "■"))
        self.show_legend(keys)
        self._show_range(list(drawn.values()))

    def _show_range(self, drawn: list[tuple[Numbers, Numbers]]) -> None:
        if not drawn:
            return
        steps, values = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        self.show_span(step_span(steps), value_span(values, self.title))
        axis = self.plot.getPlotItem().getAxis("bottom")
        stepwise = are_steps(self._lines)
        if stepwise != self._stepwise:
            self._stepwise = stepwise
            axis.setStyle(showValues=stepwise)
            axis.setLabel("step" if stepwise else "")
