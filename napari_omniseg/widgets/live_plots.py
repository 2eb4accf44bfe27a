"""A job's figures as they come: a small plot for each group."""

from __future__ import annotations

import time

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_omniseg.models.metric_series import MetricSeries
from napari_omniseg.widgets.line_plot import LinePlot
from napari_omniseg.widgets.plot_frame import PlotFrame
from napari_omniseg.widgets.scatter_plot import ScatterPlot
from omniseg_backend.jobs.events import Measured, Tried

#: Milliseconds between two drawings: as often as one can follow.
_DRAW_EVERY_MS = 200
#: Seconds after which a drawing leaves the remaining plots to the next; a plot takes some ms.
_BUDGET = 0.015


class LivePlots(QWidget):
    """Draws what ``add`` is given, at most five times a second and a bounded piece at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.series = MetricSeries()
        self.plots: dict[str, PlotFrame] = {}
        self._changed: dict[str, None] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DRAW_EVERY_MS)
        self._timer.timeout.connect(self._draw)

    def clear(self) -> None:
        """Forget all figures."""
        self._timer.stop()
        self.series = MetricSeries()
        self._changed.clear()
        for plot in self.plots.values():
            self._layout.removeWidget(plot)
            plot.hide()
            plot.deleteLater()
        self.plots.clear()

    def add(self, event: Measured | Tried) -> None:
        """Take figures; they are drawn soon. The same group and step replaces what was there."""
        if isinstance(event, Measured):
            self.series.add(event)
            self._draw_soon(event.group)
        else:
            self.series.add_trial(event)
            self._draw_soon(event.group)

    def _draw_soon(self, group: str) -> None:
        self._changed[group] = None
        if not self._timer.isActive():
            self._timer.start()

    def _draw(self) -> None:
        until = time.perf_counter() + _BUDGET
        while self._changed and time.perf_counter() < until:
            group = next(iter(self._changed))
            del self._changed[group]
            self._draw_group(group)
        if self._changed:
            self._timer.start()

    def _draw_group(self, group: str) -> None:
        """Draw a group; one of lines and one of points may have the same name."""
        if group in self.series.lines:
            plot = self.plots.get(group)
            if plot is None:
                plot = self._place(group, LinePlot(group, self.series.lines[group]))
            plot.redraw()
        if group in self.series.points:
            key = f"{group}, points"
            scatter = self.plots.get(key)
            if scatter is None:
                scatter = self._place(key, ScatterPlot(group, *self.series.axes[group]))
            assert isinstance(scatter, ScatterPlot)
            scatter.show_points(self.series.points[group].values())

    def _place(self, key: str, plot: PlotFrame) -> PlotFrame:
        self.plots[key] = plot
        self._layout.addWidget(plot)
        return plot
