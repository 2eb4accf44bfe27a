"""Plots of what jobs tell: real events on real widgets, drawn soon, rarely and in small pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from napari_omniseg.widgets.line_plot import LinePlot
from napari_omniseg.widgets.live_plots import LivePlots
from napari_omniseg.widgets.preview_picture import PreviewPicture
from napari_omniseg.widgets.scatter_plot import ScatterPlot
from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Measured, Tried
from omniseg_backend.jobs.folder import JobFolder


@pytest.fixture
def plots(qtbot) -> LivePlots:
    widget = LivePlots()
    qtbot.addWidget(widget)
    return widget


def dice(step: int, value: float | None) -> Measured:
    return Measured(group="Dice", step=step, values={"mean": value})


def test_each_group_has_a_plot_and_each_name_a_line(plots: LivePlots, qtbot) -> None:
    plots.add(Measured(group="loss", step=5, values={"training": 1.5}))
    plots.add(Measured(group="Dice", step=5, values={"mean": 0.5, "disc <b>": None, "a": 0.6}))
    plots.add(dice(10, 0.7))
    plots.add(dice(10, 0.75))
    qtbot.waitUntil(lambda: list(plots.plots) == ["loss", "Dice"])
    plot = plots.plots["Dice"]
    assert isinstance(plot, LinePlot)
    steps, values = plot.curves["mean"].getOriginalDataset()
    assert (steps.tolist(), values.tolist()) == ([5, 10], [0.5, 0.75])
    assert "mean&nbsp;0.75" in plot.legend.text()
    assert "disc&nbsp;&lt;b&gt;&nbsp;undefined" in plot.legend.text()
    assert plot.plot.accessibleDescription() == "mean 0.75, disc <b> undefined, a 0.6"


def test_what_comes_between_two_drawings_is_drawn_at_once(plots: LivePlots, qtbot) -> None:
    drawn: list[int] = []
    plots.add(dice(0, 0.1))
    qtbot.waitUntil(lambda: "Dice" in plots.plots)
    plot = plots.plots["Dice"]
    assert isinstance(plot, LinePlot)
    plot.curves["mean"].sigPlotChanged.connect(lambda curve: drawn.append(len(curve.xData)))
    for step in range(1, 500):
        plots.add(dice(step, step / 500))
    assert drawn == []
    qtbot.waitUntil(lambda: 500 in drawn)
    assert set(drawn) == {1, 500} or set(drawn) == {500}


def test_a_drawing_of_many_groups_is_done_in_pieces(plots: LivePlots, qtbot) -> None:
    groups = [f"group {number}" for number in range(40)]
    for group in groups:
        plots.add(Measured(group=group, step=0, values={"figure": 1.0}))
    qtbot.waitUntil(lambda: len(plots.plots) > 0)
    # A new plot takes some milliseconds; a drawing ends long before there are forty.
    assert len(plots.plots) < len(groups)
    qtbot.waitUntil(lambda: list(plots.plots) == groups, timeout=30_000)


def test_cleared_plots_begin_anew(plots: LivePlots, qtbot) -> None:
    plots.add(dice(1, 0.5))
    qtbot.waitUntil(lambda: "Dice" in plots.plots)
    plots.clear()
    assert not plots.plots
    plots.add(dice(7, 0.5))
    qtbot.waitUntil(lambda: "Dice" in plots.plots)
    plot = plots.plots["Dice"]
    assert isinstance(plot, LinePlot)
    assert plot.curves["mean"].getOriginalDataset()[0].tolist() == [7]


def test_plots_follow_the_theme(qtbot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    plots = LivePlots(window)
    plots.add(dice(1, 0.5))
    qtbot.waitUntil(lambda: "Dice" in plots.plots)
    plot = plots.plots["Dice"]
    window.show()
    seen = []
    for ground, text in (("#101010", "#f0f0f0"), ("#f5f5f5", "#202020")):
        window.setStyleSheet(f"QWidget {{ background-color: {ground}; color: {text}; }}")
        qtbot.waitUntil(lambda wanted=ground: plot.plot.backgroundBrush().color() == QColor(wanted))
        assert plot.plot.getPlotItem().getAxis("left").textPen().color() == QColor(text)
        seen.append(plot.legend.text())
    assert seen[0] != seen[1]


def test_a_search_told_by_a_job_is_a_plane_of_points(
    plots: LivePlots, qtbot, tmp_path: Path
) -> None:
    context = JobContext(JobFolder(tmp_path), progress=lambda *_: None)
    for step, (latency, score) in enumerate([(20.0, 0.8), (30.0, 0.86), (25.0, float("nan"))]):
        context.trial("front", step, {"latency (ms)": latency, "Dice": score}, label=f"no. {step}")
    context.trial("front", 1, {"latency (ms)": 30.0, "Dice": 0.86}, label="Compact", chosen=True)
    for event in all_events(tmp_path / "events.jsonl"):
        assert isinstance(event, Tried)
        plots.add(event)
    qtbot.waitUntil(lambda: len(plots.plots) == 1)
    (plot,) = plots.plots.values()
    assert isinstance(plot, ScatterPlot)
    assert plot.plot.getPlotItem().getAxis("bottom").labelText == "latency (ms)"
    tried, chosen = plot.items[False].points(), plot.items[True].points()
    assert [tuple(point.pos()) for point in tried] == [(20.0, 0.8)]
    assert [point.data() for point in chosen] == ["Compact\nlatency (ms) 30, Dice 0.86"]


def test_the_picture_asked_for_last_is_shown(qtbot, tmp_path: Path) -> None:
    for number in range(3):
        pixels = np.full((20, 60 + number, 3), 80 * number, np.uint8)
        Pillow.fromarray(pixels).save(tmp_path / f"{number}.png")
    picture = PreviewPicture()
    qtbot.addWidget(picture)
    for number in range(3):
        picture.show_picture(tmp_path / f"{number}.png", f"step {number}")
    qtbot.waitUntil(lambda: picture.canvas.sizeHint().width() == 62)
    assert picture.caption.text() == "step 2"
    assert picture.canvas.accessibleName() == "step 2"
    assert picture.canvas.heightForWidth(620) == 40
    picture.clear()
    assert picture.isHidden()


def test_a_picture_that_is_gone_or_damaged_leaves_the_last_one(qtbot, tmp_path: Path) -> None:
    Pillow.fromarray(np.zeros((50, 60, 3), np.uint8)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    picture = PreviewPicture()
    qtbot.addWidget(picture)
    picture.show_picture(tmp_path / "good.png", "good")
    qtbot.waitUntil(lambda: picture.caption.text() == "good")
    for name in ("bad.png", "gone.png"):
        picture.show_picture(tmp_path / name, name)
        qtbot.waitUntil(lambda: not picture.busy)
        assert picture.caption.text() == "good"


def span(plot: LinePlot, side: int) -> tuple[float, float]:
    low, high = plot.plot.getPlotItem().getViewBox().viewRange()[side]
    return low, high


def test_a_figure_alone_stands_among_values_that_it_can_have(plots: LivePlots, qtbot) -> None:
    plots.add(Measured(group="loss", step=12, values={"training": 0.02}))
    plots.add(Measured(group="Dice", step=12, values={"mean": 0.98}))
    qtbot.waitUntil(lambda: len(plots.plots) == 2)
    loss, dice = plots.plots["loss"], plots.plots["Dice"]
    assert isinstance(loss, LinePlot)
    assert isinstance(dice, LinePlot)
    assert span(loss, 1) == pytest.approx((-0.0014, 0.0714))
    low, high = span(dice, 1)
    assert 0.85 < low < 0.98 < high < 1.01
    axis = dice.plot.getPlotItem().getAxis("bottom")
    assert axis.labelText == "step"
    low, high = span(dice, 0)
    (space, _), *_ = axis.tickSpacing(low, high, 300)
    assert space >= 1
    assert axis.tickStrings([11.0, 12.0, 13.0], 1.0, space) == ["11", "12", "13"]


def test_the_labels_at_the_ends_of_an_axis_are_whole(plots: LivePlots, qtbot) -> None:
    plots.resize(340, 400)
    plots.show()
    for step in range(0, 101, 20):
        plots.add(Measured(group="loss", step=step, values={"training": 0.953 - step / 200}))
    qtbot.waitUntil(lambda: "loss" in plots.plots)
    plot = plots.plots["loss"].plot
    half = plot.fontMetrics().height() / 2

    def has_margins() -> bool:
        room = plot.getPlotItem().getViewBox().sceneBoundingRect()
        return room.top() >= half and plot.width() - room.right() >= half

    qtbot.waitUntil(has_margins)


def test_what_is_told_once_has_no_steps(plots: LivePlots, qtbot) -> None:
    plots.add(Measured(group="Dice", step=0, values={"mean": 0.5, "a": 0.4, "b": 0.6}))
    qtbot.waitUntil(lambda: "Dice" in plots.plots)
    axis = plots.plots["Dice"].plot.getPlotItem().getAxis("bottom")
    assert not axis.labelText
    assert not axis.style["showValues"]


def test_the_mean_of_one_class_is_not_drawn(plots: LivePlots, qtbot) -> None:
    plots.add(Measured(group="Dice", step=1, values={"mean": 0.5, "heart": 0.5}))
    qtbot.waitUntil(lambda: "Dice" in plots.plots)
    plot = plots.plots["Dice"]
    assert isinstance(plot, LinePlot)
    assert list(plot.curves) == ["heart"]
    assert plot.plot.accessibleDescription() == "heart 0.5"
    plots.add(Measured(group="Dice", step=2, values={"mean": 0.5, "heart": 0.5, "lung": 0.6}))
    qtbot.waitUntil(lambda: "mean" in plot.curves)
