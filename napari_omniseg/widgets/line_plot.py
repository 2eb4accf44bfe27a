"""One group of figures over steps."""

from __future__ import annotations

from collections.abc import Mapping

import pyqtgraph
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from napari_omniseg.models.metric_series import Line
from napari_omniseg.models.plot_colours import line_colour
from napari_omniseg.widgets.plot_frame import Key, PlotFrame, figure
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
        self.curves: dict[str, pyqtgraph.PlotDataItem] = {}
        super().__init__(title, parent)
        self.plot.getPlotItem().getAxis("bottom").setToolTip("steps")

    def redraw(self) -> None:
        """Draw all lines as they are now."""
        keys = []
        for place, (name, line) in enumerate(self._lines.items()):
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
            curve.setData(*line.drawn())
            keys.append(Key(name, figure(line.latest), colour, "┅" if dashed else "■"))
        self.show_legend(keys)
