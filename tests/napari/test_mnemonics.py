"""Alt with a letter goes to one control, and napari's menus keep their own."""

from __future__ import annotations

from collections import Counter

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QAbstractButton, QGroupBox, QLabel, QMenuBar, QWidget

from napari_omniseg.panels.fine_tuning import FineTuningPanel
from napari_omniseg.panels.jobs import JobsPanel
from napari_omniseg.panels.results import ResultsPanel
from napari_omniseg.panels.segment import SegmentPanel
from tests.napari.results_makers import show_drawn

pytestmark = pytest.mark.usefixtures("plugin_preferences")


def letters(root: QWidget) -> list[str]:
    """The keys that go to a control with Alt, shown or hidden."""
    texts = [
        *(one.text() for one in root.findChildren(QAbstractButton)),
        *(one.text() for one in root.findChildren(QLabel) if one.buddy() is not None),
        *(one.title() for one in root.findChildren(QGroupBox)),
    ]
    keys = (QKeySequence.mnemonic(text) for text in texts)
    return [key.toString().removeprefix("Alt+") for key in keys if not key.isEmpty()]


def doubles(keys: list[str]) -> list[str]:
    """Those that stand there more than once."""
    return [key for key, count in Counter(keys).items() if count > 1]


def test_no_letter_is_one_of_naparis_menus_and_none_is_double(gui, qtbot) -> None:
    viewer = gui()
    show_drawn(viewer)
    panels = [kind(viewer) for kind in (SegmentPanel, ResultsPanel, FineTuningPanel, JobsPanel)]
    for panel in panels:
        viewer.window.add_dock_widget(panel)
    qtbot.waitUntil(lambda: panels[3].view is not None)
    bar = panels[0].window().findChild(QMenuBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    menus = {QKeySequence.mnemonic(a.text()).toString()[-1:] for a in bar.actions()} - {""}
    assert {"F", "V", "L", "P", "W", "H"} <= menus
    for panel in panels:
        found = letters(panel)
        assert found
        assert not menus & set(found)
        assert doubles(found) == []


def test_segment_and_results_side_by_side_share_no_letter(qtbot, viewer: ViewerModel) -> None:
    show_drawn(viewer)
    panels = [SegmentPanel(viewer), ResultsPanel(viewer)]
    for panel in panels:
        qtbot.addWidget(panel)
    assert doubles([key for panel in panels for key in letters(panel)]) == []
