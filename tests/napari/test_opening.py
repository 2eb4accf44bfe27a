"""Opening panels from one another, in a real window."""

from __future__ import annotations

import pytest
from napari.utils._proxies import PublicOnlyProxy
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from napari_omniseg.panels.opening import open_widget
from napari_omniseg.panels.results import ResultsPanel
from napari_omniseg.panels.segment import SegmentPanel
from napari_omniseg.widgets.panel_area import PanelArea

pytestmark = pytest.mark.usefixtures("plugin_preferences")


def dock_of(widget: QWidget) -> QDockWidget:
    """The dock that a widget stands in."""
    parent = widget.parentWidget()
    assert isinstance(parent, QDockWidget)
    return parent


@pytest.mark.parametrize(("kind", "name"), [(SegmentPanel, "Segment"), (ResultsPanel, "Results")])
def test_a_panel_that_is_docked_under_any_title_is_not_made_again(gui, kind, name) -> None:
    viewer = gui()
    panel = kind(viewer)
    viewer.window.add_dock_widget(panel, name=f"{name} (napari-omniseg)")
    dock_of(panel).hide()
    for asker in (viewer, PublicOnlyProxy(viewer)):
        assert open_widget(asker, name) == panel  # perhaps a proxy of it
    assert len(viewer.window.dock_widgets) == 1
    assert not dock_of(panel).isHidden()


def test_a_second_panel_becomes_a_tab_in_front_of_the_first(gui, qtbot) -> None:
    viewer = gui()
    first = open_widget(viewer, "Segment")
    tall = dock_of(first).height()
    second = open_widget(PublicOnlyProxy(viewer), "Results")
    assert isinstance(second, ResultsPanel)
    window = dock_of(first).parentWidget()
    assert isinstance(window, QMainWindow)
    assert window.tabifiedDockWidgets(dock_of(first)) == [dock_of(second)]
    qtbot.waitUntil(lambda: not second.visibleRegion().isEmpty())
    assert first.visibleRegion().isEmpty()
    open_widget(viewer, "Segment")
    qtbot.waitUntil(lambda: not first.visibleRegion().isEmpty())
    # The tabs themselves take a line.
    assert dock_of(first).height() > tall * 0.8


def test_panels_above_one_another_keep_some_lines_in_sight(gui, qtbot) -> None:
    viewer = gui()
    _, first = viewer.window.add_plugin_dock_widget("napari-omniseg", "Segment")
    _, second = viewer.window.add_plugin_dock_widget("napari-omniseg", "Results")
    for panel in (first, second):
        area = panel.findChild(PanelArea)
        qtbot.waitUntil(lambda area=area: area.height() >= 10 * area.fontMetrics().lineSpacing())
