"""The Results panel shows what was found and keeps up with what is painted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_omniseg.panels.results import ResultsPanel
from tests.napari.results_makers import show_drawn, two_balls


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def open_panel(qtbot, viewer: ViewerModel) -> Iterator[object]:
    def open_it() -> ResultsPanel:
        panel = ResultsPanel(viewer)
        qtbot.addWidget(panel)
        qtbot.waitUntil(lambda: not panel.counting)
        return panel

    return open_it


def texts(panel: ResultsPanel) -> list[list[str]]:
    model = panel.table.rows_model
    shown = [n for n in range(model.columnCount()) if not panel.table.isColumnHidden(n)]
    return [[model.data(model.index(row, n)) for n in shown] for row in range(model.rowCount())]


def test_a_result_is_shown_with_names_sizes_parts_and_doubts(viewer, open_panel) -> None:
    made = show_drawn(viewer)
    panel = open_panel()
    voxels = int(np.count_nonzero(two_balls() == 1))
    assert texts(panel) == [
        ["left ventricle", f"{voxels * 2 / 1000:.1f} mL", "2", "0.90"],
        ["myocardium", "1.0 mL", "1", "⚠ 0.70, look again"],
        ["scar", "none found", "0", "⚠ none found, look again"],
    ]
    assert "cardiac-mri-compact 1.2.0" in panel.provenance.text()
    assert "research use, not reviewed" in panel.provenance.text()
    assert made.labels.features["size"][0] == texts(panel)[0][1]


def test_painting_is_followed_and_undoing_too(qtbot, viewer, open_panel) -> None:
    made = show_drawn(viewer)
    panel = open_panel()
    before = texts(panel)
    made.labels.brush_size = 3
    made.labels.paint((0, 5, 40), 3)
    qtbot.waitUntil(lambda: texts(panel) != before)
    assert texts(panel)[2] == ["scar", "0.0 mL", "1", "⚠ by hand, was none found"]
    assert texts(panel)[:2] == before[:2]
    made.labels.undo()
    qtbot.waitUntil(lambda: texts(panel) == before)


def test_without_labels_it_says_what_to_do(viewer, open_panel) -> None:
    panel = open_panel()
    assert panel.message.text().startswith("There is no Labels layer")
    assert not panel.table.isEnabled()
