"""The Results panel in a real viewer: real clicks and keys on a result that was really made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.images.reading import read_image, read_segmentation
from tests.napari.results_makers import show_segmented

pytestmark = pytest.mark.usefixtures("plugin_preferences")


def click_row(qtbot, table, row: int) -> None:
    """Click the name in a row of the table, beside its box and its swatch."""
    cell = table.visualRect(table.model().index(row, 0))
    where = cell.topRight() + QPoint(-6, cell.height() // 2)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)


def test_from_a_result_to_a_case_of_the_site(qtbot, gui, repository: Path, tmp_path) -> None:
    viewer = gui()
    image = read_image(repository / "sample_data" / "samples" / "abdominal_ct.nii.gz")
    shipped = repository / "omniseg_backend" / "bundles" / "shipped"
    made = show_segmented(viewer, image, shipped / "demo-abdominal-ct-compact.omniseg")
    dock, panel = viewer.window.add_plugin_dock_widget("napari-omniseg", "Results")
    dock.setFloating(False)
    qtbot.waitUntil(lambda: not panel.busy)
    rows = panel.table.rows_model.rows.rows
    assert [row.entry.name for row in rows] == ["liver", "spleen", "left kidney", "right kidney"]
    assert {row.source for row in rows} == {"run"}
    assert panel.provenance.text().startswith("DEMO")

    viewer.dims.set_current_step(0, 0)
    click_row(qtbot, panel.table, 3)
    qtbot.waitUntil(lambda: not panel.busy)
    here = round(float(made.labels.world_to_data(viewer.dims.point)[0]))
    areas = np.count_nonzero(made.labels.data == rows[3].entry.value, axis=(1, 2))
    assert areas[here] == areas.max()

    before = made.labels.data.copy()
    made.labels.data_setitem(_hole(before, rows[3].entry.value, here), 0)
    qtbot.waitUntil(lambda: panel.table.rows_model.rows.changed)
    painted = made.labels.data.copy()
    qtbot.mouseClick(panel.corrections.fill, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy and not np.array_equal(made.labels.data, painted))
    viewer.layers.selection.active = made.labels
    made.labels.undo()
    assert np.array_equal(made.labels.data, painted)

    panel.acceptance.folder.setText(str(tmp_path / "Dataset501_Abdomen"))
    qtbot.keyClicks(panel.acceptance.patient, "P01")
    qtbot.mouseClick(panel.acceptance.accept_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy)
    qtbot.mouseClick(panel.acceptance.question.yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy)
    site = SiteDataset.open(tmp_path / "Dataset501_Abdomen").document()
    ((name, case),) = site.omniseg.cases.items()
    assert (case.patient, case.bundle.id) == ("P01", "demo-abdominal-ct-compact")
    folder = tmp_path / "Dataset501_Abdomen"
    stored = read_image(folder / "imagesTr" / f"{name}_0000.nii.gz")
    mask = read_segmentation(folder / "labelsTr" / f"{name}.nii.gz")
    assert np.array_equal(stored.array, image.array)
    assert np.array_equal(mask.labels[0].transpose(2, 1, 0), painted)


def _hole(labels: np.ndarray, value: int, plane: int) -> tuple[np.ndarray, ...]:
    """One voxel with the class on all sides."""
    inside = labels[plane] == value
    for axis in (0, 1):
        for step in (-1, 1):
            inside = inside & np.roll(labels[plane] == value, step, axis)
    row, column = np.argwhere(inside)[0]
    return np.array([plane]), np.array([row]), np.array([column])
