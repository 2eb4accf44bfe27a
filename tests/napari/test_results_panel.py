"""The Results panel shows what was found and keeps up with what is painted."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QApplication, QComboBox, QDoubleSpinBox, QLineEdit

from napari_omniseg.panels.results import ResultsPanel
from tests.napari.results_makers import show_drawn, two_balls

pytestmark = pytest.mark.usefixtures("plugin_preferences")


def texts(panel: ResultsPanel) -> list[list[str]]:
    model = panel.table.rows_model
    shown = [n for n in range(model.columnCount()) if not panel.table.isColumnHidden(n)]
    return [[model.data(model.index(row, n)) for n in shown] for row in range(model.rowCount())]


def test_a_result_is_shown_with_names_sizes_parts_and_doubts(viewer, open_results) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    voxels = int(np.count_nonzero(two_balls() == 1))
    assert texts(panel) == [
        ["left ventricle", f"{voxels * 2 / 1000:.1f} mL", "2", "0.90"],
        ["myocardium", "1.0 mL", "1", "⚠ 0.70"],
        ["scar", "none found", "0", "⚠ none"],
    ]
    assert "cardiac-mri-compact 1.2.0" in panel.provenance.text()
    assert "research use, not reviewed" in panel.provenance.text()
    assert made.labels.features["size"][0] == texts(panel)[0][1]


def test_painting_is_followed_and_undoing_too(qtbot, viewer, open_results) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    before = texts(panel)
    made.labels.brush_size = 3
    made.labels.paint((0, 5, 40), 3)
    qtbot.waitUntil(lambda: texts(panel) != before)
    assert texts(panel)[2] == ["scar", "0.0 mL", "1", "⚠ edited"]
    assert texts(panel)[:2] == before[:2]
    made.labels.undo()
    qtbot.waitUntil(lambda: texts(panel) == before)


def test_another_scale_is_another_size(qtbot, viewer, open_results) -> None:
    layer = viewer.add_labels(np.ones((10, 10), np.uint8), units=("mm", "mm"))
    panel = open_results()
    assert texts(panel)[0][1] == "100.0 mm²"
    layer.scale = (2.0, 2.0)
    qtbot.waitUntil(lambda: texts(panel)[0][1] == "400.0 mm²")


def test_without_labels_it_says_what_to_do(viewer, open_results) -> None:
    panel = open_results()
    assert panel.message.text().startswith("There is no Labels layer")
    assert not panel.table.isEnabled()
    assert not panel.corrections.isEnabled()
    assert not panel.acceptance.isEnabled()


def test_it_follows_the_active_layer_and_survives_removal(qtbot, viewer, open_results) -> None:
    made = show_drawn(viewer)
    other = viewer.add_labels(np.eye(8, dtype=np.uint8), name="mine")
    viewer.layers.selection.active = made.labels
    panel = open_results()
    assert panel.picker.currentText() == "found"
    viewer.layers.selection.active = other
    qtbot.waitUntil(lambda: texts(panel) == [["class 1", "8 px", "1", "not known"]])
    other.name = "renamed"
    assert panel.picker.currentText() == "renamed"
    viewer.layers.selection.active = made.image  # no labels: nothing changes
    assert panel.picker.currentText() == "renamed"
    viewer.layers.remove(other)
    qtbot.waitUntil(lambda: len(texts(panel)) == 3)
    viewer.layers.clear()
    qtbot.waitUntil(lambda: not panel.busy)
    assert panel.message.text().startswith("There is no Labels layer")
    assert texts(panel) == []


def test_a_layer_removed_while_it_is_counted_leaves_no_trace(qtbot, viewer, open_results) -> None:
    panel = open_results()
    layer = viewer.add_labels(np.ones((60, 80, 80), np.uint8))
    viewer.layers.selection.active = layer
    assert panel.busy
    viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: not panel.busy)
    assert texts(panel) == []


def test_labels_that_cannot_be_read_are_refused_and_the_next_ones_shown(
    qtbot, viewer, open_results
) -> None:
    viewer.add_labels(np.zeros((2, 2, 2, 2, 2, 2), np.uint8))
    panel = open_results()
    assert panel.message.kind == "error"
    assert "6 dimensions" in panel.message.text()
    show_drawn(viewer)
    qtbot.waitUntil(lambda: len(texts(panel)) == 3)
    assert panel.message.text() == ""


def test_enter_flies_and_space_hides(qtbot, viewer, open_results) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    panel.table.selectRow(0)
    viewer.dims.set_current_step(0, 0)
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: viewer.dims.current_step[0] == 5)
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: viewer.dims.current_step[0] == 9)
    assert panel.message.text().startswith("Component 2 of 2")
    qtbot.keyClick(panel.table, Qt.Key.Key_Space)
    assert made.labels.get_color(1)[3] == 0
    assert made.labels.get_color(2)[3] == 1
    qtbot.keyClick(panel.table, Qt.Key.Key_Space)
    assert made.labels.get_color(1)[3] == 1


def test_showing_one_class_alone_and_all_again(qtbot, viewer, open_results) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    panel.table.selectRow(1)
    panel.view.only.click()
    assert [made.labels.get_color(value)[3] for value in (1, 2, 3)] == [0, 1, 0]
    panel.view.all.click()
    assert [made.labels.get_color(value)[3] for value in (1, 2, 3)] == [1, 1, 1]


def test_another_plugins_colours_come_back(qtbot, viewer, open_results) -> None:
    layer = viewer.add_labels(np.array([[0, 1], [2, 3]], np.uint8))
    own = layer.colormap
    panel = open_results()
    panel.table.selectRow(1)
    panel.view.only.click()
    assert [layer.get_color(value)[3] for value in (1, 2, 3)] == [0, 1, 0]
    panel.view.all.click()
    assert layer.colormap is own


def test_a_value_that_is_painted_anew_is_seen(qtbot, viewer, open_results) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    made.labels.data_setitem((np.array([0]), np.array([0]), np.array([0])), 9)
    qtbot.waitUntil(lambda: len(texts(panel)) == 4)
    assert texts(panel)[3][0] == "class 9"
    assert made.labels.get_color(9)[3] == 1


def test_the_uncertainty_map_is_found_by_its_run(qtbot, viewer, open_results) -> None:
    made = show_drawn(viewer, uncertain=True)
    made.labels.name = "another name"
    panel = open_results()
    panel.view.uncertainty.click()
    assert made.uncertainty.visible
    made.uncertainty.visible = False
    assert not panel.view.uncertainty.isChecked()
    assert panel.view.uncertainty.isEnabled()
    viewer.layers.remove(made.uncertainty)
    assert not panel.view.uncertainty.isEnabled()
    assert not panel.view.uncertainty.isChecked()
    assert "segment the image again" in panel.view.uncertainty.toolTip()


def test_filling_from_the_panel_changes_the_figures_and_undoes(qtbot, viewer, open_results) -> None:
    labels = two_balls()
    labels[5, 20, 14] = 0
    made = show_drawn(viewer, labels)
    panel = open_results()
    panel.corrections.scope.setCurrentIndex(1)
    panel.corrections.fill.click()
    qtbot.waitUntil(lambda: made.labels.data[5, 20, 14] == 1)
    assert panel.message.text() == "1 voxel added; Ctrl+Z undoes it."
    qtbot.waitUntil(lambda: texts(panel)[0][3] == "edited")
    assert panel.message.text() == "1 voxel added; Ctrl+Z undoes it."
    made.labels.undo()
    assert panel.message.text() == ""
    made.labels.redo()
    panel.corrections.fill.click()
    qtbot.waitUntil(lambda: panel.message.text().startswith("Nothing to change"))
    panel.corrections.undo.click()
    assert panel.message.text() == ""
    assert np.array_equal(made.labels.data, labels)
    qtbot.waitUntil(lambda: texts(panel)[0][3] == "0.90")


def test_the_size_of_a_series_is_that_of_the_time_that_is_shown(
    qtbot, viewer, open_results
) -> None:
    labels = np.stack([two_balls(), 0 * two_balls()])
    show_drawn(viewer, labels, time=True)
    viewer.dims.set_current_step(0, 0)
    panel = open_results()
    assert len(texts(panel)[0]) == 5
    first = texts(panel)[0][1]
    assert first.endswith("mL")
    viewer.dims.set_current_step(0, 1)
    assert texts(panel)[0][1] == "none found"
    assert texts(panel)[0][2] != first


def test_the_table_is_saved_and_copied(qtbot, viewer, open_results, tmp_path) -> None:
    show_drawn(viewer)
    panel = open_results()
    panel.export.write(tmp_path / "table.csv")
    qtbot.waitUntil(lambda: not panel.busy)
    assert panel.message.text() == f"Saved {tmp_path / 'table.csv'}."
    assert (tmp_path / "table.csv").read_text().startswith("class,value,")
    panel.export.copy.click()
    assert QApplication.clipboard().text().startswith("class\tvalue\t")
    panel.export.write(tmp_path / "table.csv" / "inside.csv")
    qtbot.waitUntil(lambda: panel.message.kind == "error")
    assert "choose another output" in panel.message.text()


def test_two_panels_on_two_viewers_do_not_mix(qtbot, viewer, open_results) -> None:
    show_drawn(viewer)
    panel = open_results()
    second = ViewerModel()
    other = ResultsPanel(second)
    qtbot.addWidget(other)
    assert other.message.text().startswith("There is no Labels layer")
    assert len(texts(panel)) == 3


def test_a_closed_panel_listens_no_longer(qtbot, viewer, open_results) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    panel.close()
    made.labels.paint((0, 5, 5), 3)
    viewer.dims.set_current_step(0, 3)
    viewer.layers.clear()
    assert not panel.busy


def test_a_hidden_panel_counts_nothing_and_catches_up(qtbot, viewer, open_results) -> None:
    made = show_drawn(viewer)
    panel = open_results()
    panel.show()
    panel.hide()
    before = texts(panel)
    made.labels.paint((0, 5, 5), 3)
    assert not panel.busy
    assert texts(panel) == before
    panel.show()
    qtbot.waitUntil(lambda: texts(panel)[2][1] != "none found")


def test_every_control_has_a_name_and_a_tooltip(viewer, open_results) -> None:
    show_drawn(viewer)
    panel = open_results()
    kinds = (QAbstractButton, QComboBox, QLineEdit, QDoubleSpinBox)
    controls = [
        one
        for kind in kinds
        for one in panel.findChildren(kind)
        if one.focusPolicy() & Qt.FocusPolicy.TabFocus and not one.objectName().startswith("qt_")
    ]
    assert len(controls) > 12
    assert [one for one in controls if not (one.accessibleName() and one.toolTip())] == []
