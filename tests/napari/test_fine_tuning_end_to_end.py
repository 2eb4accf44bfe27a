"""From open layers to a promoted model and back, with real jobs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

pytest.importorskip("torch", reason="training needs the extra 'train'")

from napari_omniseg.models.fine_tuning import Action, Step
from napari_omniseg.panels.fine_tuning import FineTuningPanel
from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.evaluation.comparison import latest_comparison
from omniseg_backend.jobs.states import State
from omniseg_backend.training.settings import Budget
from tests.napari.fine_tuning_makers import make_current
from tests.training.conftest import draw_case

pytestmark = pytest.mark.usefixtures("plugin_preferences", "no_job_stays")

PATIENCE = 600_000


def click(qtbot, control: object) -> None:
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton)


def shown(qtbot, viewer: ViewerModel) -> FineTuningPanel:
    panel = FineTuningPanel(viewer)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.python.found is not None and not panel.looking, timeout=PATIENCE)
    return panel


@pytest.mark.timeout(1800)
def test_from_open_layers_to_a_promoted_model_and_back(
    qtbot, weak_bundle: Path, tmp_path: Path
) -> None:
    make_current(weak_bundle)
    viewer = ViewerModel()
    for seed in range(5):
        values, labels = draw_case(seed + 40)
        viewer.add_image(values, name=f"picture {seed}")
        viewer.add_labels((labels > 0).astype("uint8") + (labels == 5), name=f"mask {seed}")
    panel = shown(qtbot, viewer)

    # Open layers become a data set, after a question.
    panel.data.open(str(tmp_path / "Dataset302_New"))
    qtbot.waitUntil(lambda: "no such folder" in panel.message.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not panel.looking, timeout=PATIENCE)
    names = [panel.start.model.itemText(n) for n in range(panel.start.model.count())]
    panel.start.model.setCurrentIndex([name[:11] for name in names].index("toy-compact"))
    for number, (_, tick, patient) in enumerate(panel.layers.pairs.rows):
        tick.setChecked(True)
        patient.setText(f"P{number}")
    click(qtbot, panel.layers.add)
    assert "toy-compact" in panel.layers.question.text.text()
    click(qtbot, panel.layers.question.yes)
    qtbot.waitUntil(lambda: panel.tuning.step is Step.READY, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not panel.looking, timeout=PATIENCE)
    assert "4 cases to learn from and 1 reserved" in panel.data.contents.text()

    # Trained for some steps, paused and resumed on the way.
    request = panel.start.request()
    assert request is not None
    assert request.start is not None
    panel.submit(dataclasses.replace(request, budget=Budget(steps=5)))
    qtbot.waitUntil(lambda: panel.tuning.step is Step.TRAINING, timeout=PATIENCE)
    assert not panel.start.start.isEnabled()
    qtbot.waitUntil(lambda: panel.run.plots is not None, timeout=PATIENCE)
    click(qtbot, panel.run.job.pause)
    watch = panel.run.job.followed.watch
    qtbot.waitUntil(lambda: watch.state is State.PAUSED, timeout=PATIENCE)
    assert watch.folder.previews.is_dir()

    # The panel is closed and another one opened: the training is there, and goes on.
    panel.close()
    panel = shown(qtbot, viewer)
    assert panel.tuning.step is Step.STOPPED
    assert panel.run.plots is not None
    click(qtbot, panel.run.job.resume)
    qtbot.waitUntil(lambda: panel.tuning.step is Step.TRAINING, timeout=PATIENCE)

    # The end is followed by a comparison, without asking.
    qtbot.waitUntil(lambda: panel.tuning.compared is not None, timeout=PATIENCE)
    steps, _ = panel.run.plots.series.lines["loss"]["training"].drawn()
    assert steps.tolist() == list(range(1, 6))
    assert panel.run.picture.isVisibleTo(panel)
    new = panel.tuning.new
    assert new is not None
    assert panel.tuning.step is Step.COMPARED
    assert "Too few to tell" in panel.result.verdict.text()
    assert panel.result.table.rowCount() == 2
    assert panel.result.pictures.isVisibleTo(panel)

    # Nobody can tell, so that it must be insisted on.
    click(qtbot, panel.result.promote)
    assert "accept" in panel.message.text()
    panel.result.accept.setChecked(True)
    click(qtbot, panel.result.promote)
    qtbot.waitUntil(lambda: panel.tuning.step is Step.CURRENT, timeout=PATIENCE)
    assert "is now the current compact model" in panel.message.text()
    assert not panel.result.accept.isChecked()
    qtbot.waitUntil(lambda: not panel.looking, timeout=PATIENCE)
    assert panel.start.model.itemData(0).manifest_hash == new.manifest_hash
    assert panel.start.model.itemText(0).endswith("current")
    old = load_bundle(weak_bundle).manifest_hash
    assert latest_comparison(old, new.manifest_hash) is not None

    # And back; promoting once more must be insisted on anew.
    panel.result.accept.setChecked(True)
    click(qtbot, panel.result.roll_back)
    qtbot.waitUntil(lambda: panel.tuning.step is Step.COMPARED, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not panel.looking, timeout=PATIENCE)
    assert panel.start.model.itemData(0).manifest_hash == old
    assert Action.PROMOTE in panel.tuning.actions
    assert not panel.result.accept.isChecked()
