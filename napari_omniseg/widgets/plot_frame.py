"""A small plot with its legend above it, in the colours of the window that it stands in."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterable

import pyqtgraph
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QColor, QPalette, QWheelEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_omniseg.models.plot_ranges import Span
from napari_omniseg.models.wrapping import breakable
from omniseg_backend.images.classes import Colour

#: Of the plot itself, in lines of text.
_HEIGHT_IN_LINES = 10
#: Of what a plot shows, on either side.
_SLIVER = 0.02


@dataclasses.dataclass(frozen=True)
class Key:
    """One entry of a legend.

    Attributes:
        name: Of the line.
        figure: Its latest value, as text.
        colour: The line's.
        sign: Drawn in that colour.
    """

    name: str
    figure: str
    colour: Colour
    sign: str = "■"


class _Plot(pyqtgraph.PlotWidget):
    """Looked at, not dragged: the wheel scrolls the panel."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class PlotFrame(QWidget):
    """Base of the plots.

    Args:
        title: What is plotted.
        bottom: The horizontal axis, if not one of any numbers.
    """

    def __init__(
        self,
        title: str,
        *,
        bottom: pyqtgraph.AxisItem | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.title = title
        self.legend = QLabel()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        self.legend.setAccessibleName(title)
        self.plot = _Plot(axisItems={} if bottom is None else {"bottom": bottom})
        line = self.fontMetrics().lineSpacing()
        # Of a label at the end of an axis one half stands beyond it.
        self.plot.getPlotItem().layout.setContentsMargins(1, 0.7 * line, line, 0.4 * line)
        for side in ("left", "bottom"):
            self.plot.getPlotItem().getAxis(side).enableAutoSIPrefix(False)
        self.plot.setMouseEnabled(False, False)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setAccessibleName(f"plot of {title}")
        self.plot.setFixedHeight(_HEIGHT_IN_LINES * line)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.plot.setMinimumWidth(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.legend)
        layout.addWidget(self.plot)
        self._drawn_on: tuple[int, int] | None = None
        self._follow_theme()

    @property
    def background(self) -> Colour:
        """What is drawn on."""
        return _colour(self.palette().color(QPalette.ColorRole.Window))

    @property
    def foreground(self) -> Colour:
        """Of axes and text."""
        return _colour(self.palette().color(QPalette.ColorRole.WindowText))

    def show_legend(self, keys: Iterable[Key]) -> None:
        """Write the title and the entries."""
        entries = list(keys)
        parts = [f"<b>{html.escape(breakable(self.title))}</b>"]
        for key in entries:
            colour = "#{:02x}{:02x}{:02x}".format(*key.colour)
            # What belongs together stays on one line.
            text = html.escape(f"{breakable(key.name)} {key.figure}".strip()).replace(" ", "&nbsp;")
            parts.append(f'<span style="color:{colour}">{key.sign}</span>&nbsp;{text}')
        self.legend.setText("&ensp; ".join(parts))
        self.plot.setAccessibleDescription(
            ", ".join(f"{key.name} {key.figure}".strip() for key in entries)
        )

    def show_span(self, across: Span | None, up: Span | None) -> None:
        """Show this part of the plane, with a sliver around it for lines at its edge."""
        if across is not None and up is not None:
            self.plot.setXRange(across.low, across.high, padding=_SLIVER)
            self.plot.setYRange(up.low, up.high, padding=_SLIVER)

    def redraw(self) -> None:
        """Draw anew; called when the theme has changed."""

    def changeEvent(self, event: QEvent) -> None:
        """Follow the window's colours; napari sets them by a style sheet."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._follow_theme()

    def showEvent(self, event: QEvent) -> None:
        """A style sheet reaches a widget when it is first shown."""
        super().showEvent(event)
        self._follow_theme()

    def _follow_theme(self) -> None:
        colours = (hash(self.background), hash(self.foreground))
        if colours == self._drawn_on:
            return
        self._drawn_on = colours
        self.plot.setBackground(QColor(*self.background))
        item = self.plot.getPlotItem()
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(QColor(*self.foreground))
            axis.setTextPen(QColor(*self.foreground))
        self.redraw()


def figure(value: float) -> str:
    """A value as legends show it."""
    return "undefined" if value != value else f"{value:.3g}"


def _colour(colour: QColor) -> Colour:
    return colour.red(), colour.green(), colour.blue()
