"""Segmenting in a real napari window, with real clicks and keys."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtOpenGLWidgets import QOpenGLWidget

from napari_omniseg.panels.segment import SegmentPanel
from tests.napari.segment_makers import PATIENCE_MS, Desk, mean_dice, truth_of


@pytest.fixture
def open_desk(gui, plugin_preferences, qtbot):
    """A function that opens a window with the Segment panel docked in it."""

    def open_one() -> Desk:
        viewer = gui()
        _, panel = viewer.window.add_plugin_dock_widget("napari-omniseg", "Segment")
        return Desk(qtbot, viewer, panel)

    return open_one


def activate(desk: Desk) -> None:
    """Make the desk's window the active one, as a click into it does: keys go to no other."""
    window = desk.panel.window()
    window.activateWindow()
    desk.wait(window.isActiveWindow)


def results(desk: Desk) -> list[Labels]:
    """Labels layers that are shown: a sample's truth is hidden."""
    return [layer for layer in desk.made() if layer.visible]


def test_from_the_menu_of_samples_to_a_mask_in_one_click(open_desk, qtbot) -> None:
    desk = open_desk()
    desk.viewer.open_sample("napari-omniseg", "abdominal_ct")
    desk.settle()
    qtbot.mouseClick(desk.panel.run_bar.button, Qt.MouseButton.LeftButton)
    desk.wait(lambda: len(results(desk)) == 1)
    (labels,) = results(desk)
    assert mean_dice(np.asarray(labels.data), truth_of("abdominal_ct")) > 0.8
    assert list(labels.features["name"]) == ["liver", "spleen", "left kidney", "right kidney"]


def test_its_key_works_while_the_canvas_has_the_focus_and_only_there(open_desk, qtbot) -> None:
    first, second = open_desk(), open_desk()
    for desk in (first, second):
        desk.open_sample("surgical_instruments")
    activate(first)
    canvas = next(
        child
        for child in first.panel.window().findChildren(QOpenGLWidget)
        if child.isVisible() and not first.panel.isAncestorOf(child)
    )
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    first.wait(lambda: len(results(first)) == 1)
    second.settle()
    assert not results(second)


def test_escape_cancels_a_run(open_desk, qtbot) -> None:
    desk = open_desk()
    slices = np.random.default_rng(0).integers(-1000, 500, (120, 64, 64)).astype(np.int16)
    desk.add_image(slices, units="mm")
    activate(desk)
    with qtbot.waitSignal(desk.panel.run.progressed, timeout=PATIENCE_MS):
        desk.panel.segment()
    with qtbot.waitSignal(desk.panel.run.cancelled, timeout=PATIENCE_MS):
        qtbot.keyClick(desk.panel.run_bar.button, Qt.Key.Key_Escape)
    assert len(desk.viewer.layers) == 1


def test_a_double_click_and_a_key_pressed_twice_start_one_run(open_desk, qtbot) -> None:
    desk = open_desk()
    slices = np.random.default_rng(0).integers(-1000, 500, (40, 64, 64)).astype(np.int16)
    desk.add_image(slices, units="mm")
    button = desk.panel.run_bar.button
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.mouseDClick(button, Qt.MouseButton.LeftButton)
    desk.wait(lambda: len(results(desk)) == 1)
    activate(desk)
    for _ in range(2):
        qtbot.keyClick(button, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    desk.wait(lambda: len(results(desk)) == 2)
    desk.settle()
    assert len(results(desk)) == 2


def test_closing_the_viewer_ends_the_process_in_order(screen, plugin_preferences) -> None:
    if not screen:
        pytest.skip("a real viewer needs a screen with OpenGL (Xvfb and Mesa)")
    done = subprocess.run(
        [sys.executable, "-c", _CLOSING], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "closed\n"), done.stderr


#: Closing removes the layers first, at which the panel looks what is left.
_CLOSING = """
import napari, numpy
from qtpy.QtCore import QTimer
viewer = napari.Viewer()
_, panel = viewer.window.add_plugin_dock_widget("napari-omniseg", "Segment")
viewer.add_image(numpy.random.default_rng(0).random((60, 512, 512)).astype("f4"))
timer = QTimer()

def close():
    if not panel.listing.waiting and not panel.expectations.waiting:
        timer.stop()
        viewer.close()

timer.timeout.connect(close)
timer.start(20)
napari.run()
print("closed")
"""


def test_closing_the_window_during_a_run_ends_it_quietly(open_desk, qtbot) -> None:
    desk = open_desk()
    slices = np.random.default_rng(0).integers(-1000, 500, (120, 64, 64)).astype(np.int16)
    desk.add_image(slices, units="mm")
    with qtbot.waitSignal(desk.panel.run.progressed, timeout=PATIENCE_MS):
        desk.panel.segment()
    with qtbot.waitSignal(desk.panel.destroyed, timeout=PATIENCE_MS):
        desk.viewer.close()


def test_closing_the_dock_during_a_run_ends_it_and_hears_the_viewer_no_more(
    open_desk, qtbot
) -> None:
    desk = open_desk()
    slices = np.random.default_rng(0).integers(-1000, 500, (120, 64, 64)).astype(np.int16)
    desk.add_image(slices, units="mm")
    with qtbot.waitSignal(desk.panel.run.progressed, timeout=PATIENCE_MS):
        desk.panel.segment()
    with qtbot.waitSignal(desk.panel.run.cancelled, timeout=PATIENCE_MS):
        desk.viewer.window.remove_dock_widget(desk.panel)
    desk.viewer.layers.clear()
    assert not desk.panel.form.image.picker.watcher.layers


def test_the_command_opens_the_panel_and_segments(gui, plugin_preferences, qtbot) -> None:
    viewer = gui()
    viewer.open_sample("napari-omniseg", "cardiac_mri")
    image = viewer.layers[0]
    viewer.layers.selection.active = image
    from napari_omniseg.panels.segment_active import segment_active_layer

    segment_active_layer(viewer)
    _, panel = viewer.window.add_plugin_dock_widget("napari-omniseg", "Segment")
    assert isinstance(panel, SegmentPanel)
    qtbot.waitUntil(
        lambda: any(layer.visible for layer in viewer.layers if isinstance(layer, Labels)),
        timeout=PATIENCE_MS,
    )
    # The result is the active layer now: the command takes its image again.
    segment_active_layer(viewer)
    qtbot.waitUntil(lambda: not panel.run.busy, timeout=PATIENCE_MS)
    qtbot.waitUntil(
        lambda: sum(layer.visible for layer in viewer.layers if isinstance(layer, Labels)) == 2,
        timeout=PATIENCE_MS,
    )
    with qtbot.waitSignal(panel.results.clicked):
        qtbot.mouseClick(panel.results, Qt.MouseButton.LeftButton)
    assert any("Results" in name for name in viewer.window.dock_widgets)
