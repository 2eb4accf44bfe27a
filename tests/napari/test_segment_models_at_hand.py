"""Which model and which image the next click takes, after something was done elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QApplication

from napari_omniseg.bridge.origin import labels_origin
from omniseg_backend.bundles.current import current_model, make_current
from omniseg_backend.bundles.history import Grounds
from tests.napari.segment_makers import Desk, newer_version, truth_of

HEART = Path("omniseg_backend/bundles/shipped/cardiac-mri-compact.omniseg")


@pytest.fixture
def desk(plugins: None, plugin_preferences: Path, qtbot) -> Desk:
    return Desk(qtbot)


def test_what_was_promoted_elsewhere_is_taken_by_the_next_click(
    desk: Desk, repository: Path, tmp_path: Path
) -> None:
    desk.open_sample("cardiac_mri")
    desk.segment()
    newer = newer_version(repository / HEART, tmp_path / "heart.omniseg", "9.0.0")
    shipped = current_model(*newer.kind)
    assert shipped is not None
    grounds = Grounds(comparison=None, verdict=None, confirmed=False)
    make_current(newer, grounds, instead_of=shipped.manifest_hash)
    desk.segment()
    first, second = (labels_origin(labels.metadata) for labels in desk.made())
    assert first is not None
    assert first.provenance is not None
    assert first.provenance.bundle_hash == shipped.manifest_hash
    assert second is not None
    assert second.provenance is not None
    assert second.provenance.bundle_hash == newer.manifest_hash


def test_a_candidate_that_was_chosen_stays_chosen_when_models_change(
    desk: Desk, repository: Path, tmp_path: Path, qtbot
) -> None:
    desk.open_sample("cardiac_mri")
    newer_version(repository / HEART, tmp_path / "heart.omniseg", "9.0.0")
    qtbot.keyClick(desk.panel, Qt.Key.Key_Shift)  # nothing happens before the user comes back
    assert desk.panel.form.model.count() == 1
    QApplication.sendEvent(desk.panel, QEvent(QEvent.Type.WindowActivate))
    desk.settle()
    models = desk.panel.form.model
    assert [models.itemText(n).split()[1] for n in range(models.count())] == ["1.0.0", "9.0.0"]
    models.setCurrentIndex(1)
    models.activated.emit(1)
    newer_version(repository / HEART, tmp_path / "other.omniseg", "10.0.0")
    QApplication.sendEvent(desk.panel, QEvent(QEvent.Type.WindowActivate))
    desk.settle()
    assert models.count() == 3
    assert "9.0.0" in models.currentText()
    desk.segment()
    origin = labels_origin(desk.made()[0].metadata)
    assert origin is not None
    assert origin.provenance is not None
    assert origin.provenance.bundle_version == "9.0.0"


def test_active_labels_stand_for_their_image(desk: Desk) -> None:
    desk.open_sample("cardiac_mri")
    desk.open_sample("abdominal_ct")
    truth = desk.viewer.add_labels(truth_of("cardiac_mri"), name="truth", visible=False)
    desk.panel.segment_layer(truth)
    desk.settle()
    (_, found) = desk.made()
    origin = labels_origin(found.metadata)
    assert origin is not None
    assert origin.image_layer == "cardiac_mri.png"
    lost = desk.viewer.add_labels(np.zeros((7, 9), int), name="lost")
    desk.panel.segment_layer(lost)
    assert "lost is a Labels layer" in desk.text()
