"""The whole way in one real window: segment, correct, accept, fine-tune, promote, save, reopen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from napari._app_model import get_app_model
from napari.layers import Image, Labels
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QFileDialog

pytest.importorskip("torch", reason="training needs the extra 'train'")

from napari_omniseg.bridge.origin import labels_origin
from napari_omniseg.models.fine_tuning import Step
from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.images.image import Image as OmniSegImage
from omniseg_backend.images.reading import read_image, read_segmentation
from omniseg_backend.images.segmentation import Segmentation
from tests.napari.segment_makers import mean_dice, sample, truth_of

pytestmark = pytest.mark.usefixtures("plugin_preferences", "no_job_stays")

SAMPLE = "abdominal_ct"
ORGANS = ["liver", "spleen", "left kidney", "right kidney"]
#: A minute of training, the start of its process, and a comparison, on a busy machine.
PATIENCE = 600_000


class Window:
    """A viewer with a user before it."""

    def __init__(self, qtbot, viewer) -> None:
        self.qtbot = qtbot
        self.viewer = viewer

    def open(self, name: str):
        """Dock a panel, as the menu does."""
        _, panel = self.viewer.window.add_plugin_dock_widget("napari-omniseg", name, tabify=True)
        return panel

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=PATIENCE)

    def click(self, control) -> None:
        self.qtbot.mouseClick(control, Qt.MouseButton.LeftButton)

    def results(self) -> list[Labels]:
        """Labels that are shown: a sample's truth is hidden."""
        return [one for one in self.viewer.layers if isinstance(one, Labels) and one.visible]


def colleagues_cases(folder: Path) -> None:
    """A site data set of four patients whose images are the sample's, each moved and noisy."""
    image = read_image(sample(SAMPLE).image_path)
    truth = read_segmentation(sample(SAMPLE).truth_path)
    site = SiteDataset.create(folder, truth.classes, modality=image.modality.value)
    noise = np.random.default_rng(1)
    for number in range(4):
        step = (2 * number + 1, -number)
        moved = np.roll(image.array, step, (2, 3)) + noise.normal(0, 5, image.array.shape)
        case = OmniSegImage(
            moved.astype(np.float32),
            image.geometry,
            image.channel_names,
            image.modality,
            f"case {number}",
        )
        mask = Segmentation(np.roll(truth.labels, step, (1, 2)), image.geometry, truth.classes)
        site.add(case, mask, patient=f"P{number}")


@pytest.mark.timeout(1800)
def test_from_a_sample_to_a_promoted_model_and_a_file_that_opens_again_equal(
    qtbot, gui, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    colleagues_cases(tmp_path / "Dataset501_Abdomen")
    window = Window(qtbot, gui())
    viewer = window.viewer
    viewer.open_sample("napari-omniseg", SAMPLE)
    image = next(layer for layer in viewer.layers if isinstance(layer, Image))

    # One click makes a mask like the truth.
    segment = window.open("Segment")
    window.wait(lambda: not segment.listing.waiting)
    window.click(segment.run_bar.button)
    window.wait(lambda: len(window.results()) == 1)
    (labels,) = window.results()
    assert mean_dice(np.asarray(labels.data), truth_of(SAMPLE)) > 0.8

    # The spleen's place is flown to, and corrected with napari's own brush, on the canvas.
    window.click(segment.results)
    results = window.open("Results")  # the same one
    window.wait(lambda: not results.busy)
    row = [row.entry.name for row in results.table.rows_model.rows.rows].index("spleen")
    spleen = results.table.rows_model.rows.rows[row].entry.value
    cell = results.table.visualRect(results.table.model().index(row, 0))
    qtbot.mouseClick(
        results.table.viewport(),
        Qt.MouseButton.LeftButton,
        pos=cell.topRight() + QPoint(-6, cell.height() // 2),
    )
    window.wait(lambda: not results.busy and labels.selected_label == spleen)
    viewer.layers.selection.active = labels
    labels.mode = "paint"
    labels.brush_size = 5
    before = np.asarray(labels.data).copy()
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().center())
    window.wait(lambda: not np.array_equal(labels.data, before))
    corrected = np.asarray(labels.data).copy()
    assert set(np.unique(corrected[corrected != before])) == {spleen}
    labels.mode = "pan_zoom"

    # What was corrected becomes the fifth patient of the site.
    results.acceptance.folder.setText(str(tmp_path / "Dataset501_Abdomen"))
    qtbot.keyClicks(results.acceptance.patient, "P4")
    window.click(results.acceptance.accept_button)
    window.wait(lambda: not results.busy)
    site = SiteDataset.open(tmp_path / "Dataset501_Abdomen").document()
    assert len(site.omniseg.cases) == 5
    (case,) = [name for name, case in site.omniseg.cases.items() if case.patient == "P4"]
    folder = "labelsTs" if site.patients["P4"] == "test" else "labelsTr"
    stored = read_segmentation(tmp_path / "Dataset501_Abdomen" / folder / f"{case}.nii.gz")
    assert np.array_equal(stored.labels[0].T, corrected)

    # The model that made the mask learns from the five, and is compared when it is ready.
    tuning = window.open("Fine-tune")
    window.wait(lambda: tuning.tuning.step is Step.READY and not tuning.looking)
    window.wait(lambda: tuning.start.start.isEnabled())
    assert tuning.start.chosen is not None
    assert tuning.start.chosen.id == "demo-abdominal-ct-compact"
    tuning.start.minutes.setValue(1)
    window.click(tuning.start.start)
    window.wait(lambda: tuning.tuning.step is Step.TRAINING)
    window.wait(lambda: tuning.tuning.compared is not None)
    assert tuning.run.picture.isVisibleTo(tuning)
    assert tuning.result.table.rowCount() == 4

    # Promoted, insisting where one patient cannot tell.
    if tuning.tuning.needs_acceptance:
        window.click(tuning.result.accept)
    window.click(tuning.result.promote)
    window.wait(lambda: tuning.tuning.step is Step.CURRENT)
    new = tuning.tuning.new
    assert new is not None

    # The next click uses it.
    viewer.layers.remove(labels)
    viewer.layers.selection.active = image
    window.wait(lambda: not segment.listing.waiting)
    window.click(segment.run_bar.button)
    window.wait(lambda: len(window.results()) == 1)
    (again,) = window.results()
    origin = labels_origin(again.metadata)
    assert origin is not None
    assert origin.provenance is not None
    assert origin.provenance.bundle_hash == new.manifest_hash

    # Saved by the menu's command and dropped on the viewer, it is the same layer again.
    target = tmp_path / "mask.nii.gz"
    answer = (str(target), "NIfTI (*.nii.gz)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: answer)
    viewer.layers.selection.active = again
    get_app_model().commands.execute_command("napari-omniseg.save_segmentation").result()
    window.wait(target.exists)
    (reopened,) = viewer.open(target, plugin="napari-omniseg")
    assert np.array_equal(reopened.data, again.data)
    assert list(reopened.features["name"]) == list(again.features["name"]) == ORGANS
    assert np.allclose(
        reopened._data_to_world.affine_matrix, again._data_to_world.affine_matrix, atol=1e-6
    )
    for value in np.unique(again.data)[1:]:
        assert np.allclose(reopened.get_color(value), again.get_color(value), atol=1 / 255)
