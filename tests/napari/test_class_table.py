"""What a narrow table of classes still shows."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_omniseg.panels.results import ResultsPanel
from tests.napari.results_makers import show_drawn

pytestmark = pytest.mark.usefixtures("plugin_preferences")

_CONFIDENCE = 4


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("points", [9, 18])
def test_doubts_are_read_whole_at_300_pixels(gui, qtbot, theme: str, points: int) -> None:
    viewer = gui()
    viewer.theme = theme
    made = show_drawn(viewer)
    panel = ResultsPanel(viewer)
    viewer.window.add_dock_widget(panel)
    qtbot.waitUntil(lambda: not panel.busy)
    made.labels.paint((0, 5, 40), 3)
    table = panel.table
    qtbot.waitUntil(lambda: cell(table, 2) == "⚠ edited")
    assert cell(table, 1) == "⚠ 0.70"
    table.setStyleSheet(f"QTableView, QHeaderView {{ font-size: {points}pt; }}")
    table.setParent(None)
    qtbot.addWidget(table)
    table.resize(300, 200)
    table.show()
    header = table.horizontalHeader()
    needed = [table.sizeHintForColumn(_CONFIDENCE), header.sectionSizeHint(_CONFIDENCE)]
    width = table.columnWidth(_CONFIDENCE)
    assert width >= max(needed)
    assert table.columnViewportPosition(_CONFIDENCE) + width <= table.viewport().width()
    assert panel.doubts.text() == "⚠ Look again at myocardium, scar."


def cell(table, row: int) -> str:
    """What the table says of the confidence of a class."""
    return table.rows_model.data(table.rows_model.index(row, _CONFIDENCE))


def test_the_whole_sentence_is_told_to_the_mouse_and_to_screen_readers(
    viewer, open_results
) -> None:
    show_drawn(viewer)
    panel = open_results()
    model = panel.table.rows_model
    for role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
        assert "look again" in model.data(model.index(1, _CONFIDENCE), role)
