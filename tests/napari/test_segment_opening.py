"""What opening the Segment panel leaves for later, so that it stands at once."""

from __future__ import annotations

from pathlib import Path

import napari.settings
from napari.components import ViewerModel

from napari_omniseg.models.preferences import Preferences
from napari_omniseg.panels.segment import SegmentPanel


def test_listing_begins_once_the_panel_stands(
    plugins: None, plugin_preferences: Path, viewer: ViewerModel, qtbot
) -> None:
    panel = SegmentPanel(viewer)
    qtbot.addWidget(panel)
    assert panel.listing.waiting
    assert not panel.listing.busy
    qtbot.waitUntil(lambda: not panel.listing.waiting)
    assert panel.form.task.count() > 0


def test_settings_are_read_once_the_tasks_are_there(
    plugins: None, plugin_preferences: Path, viewer: ViewerModel, qtbot
) -> None:
    Preferences().uncertainty = True
    napari.settings._clear_plugin_settings_cache()
    panel = SegmentPanel(viewer)
    qtbot.addWidget(panel)
    assert not napari.settings._PLUGIN_SETTINGS
    qtbot.waitUntil(lambda: not panel.listing.waiting)
    assert panel.form.uncertainty.isChecked()


def test_a_press_before_the_tasks_are_there_waits_for_them(
    plugins: None, plugin_preferences: Path, viewer: ViewerModel, qtbot
) -> None:
    panel = SegmentPanel(viewer)
    qtbot.addWidget(panel)
    panel.run_bar.button.click()
    assert not panel.message.text()
    qtbot.waitUntil(lambda: "no image" in panel.message.text())
