"""A viewer that is killed leaves its training running, and the next one shows all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from napari.components import ViewerModel

from napari_omniseg.panels.jobs import JobsPanel
from napari_omniseg.widgets.line_plot import LinePlot
from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Measured
from omniseg_backend.jobs.kinds.train import TrainSpec
from omniseg_backend.jobs.states import State
from omniseg_backend.training.settings import Budget
from tests.jobs.conftest import end_all
from tests.training.conftest import toy_settings

PATIENCE = 240_000

VIEWER = """
import json, sys
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication
from napari_omniseg.panels.jobs import JobsPanel
from omniseg_backend.jobs.spec_file import parse_spec

app = QApplication([])
panel = JobsPanel(ViewerModel())
panel.show()

def until(holds):
    while not holds():
        app.processEvents()

until(lambda: panel.view is not None)
view = panel.view
view.new.click()
view.form.begin(parse_spec(json.loads(sys.argv[1])))
until(lambda: view.form.form is not None and view.form.form.content()["settings"])
view.form.submit.click()
until(lambda: "Dice" in view.details.plots.plots)
print(view.lookout.job, flush=True)
until(lambda: False)
"""


@pytest.mark.timeout(600)
def test_a_killed_viewer_leaves_its_training_and_the_next_shows_all_of_it(
    qtbot, toy_dataset: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(lambda: end_all(JobClient()))
    settings = toy_settings(toy_dataset, budget=Budget(steps=40), validations=8, patience=8)
    spec = TrainSpec(settings=settings, title="outlives its viewer")
    asked = json.dumps({"kind": "train", **spec.model_dump(mode="json", exclude_unset=True)})
    viewer = subprocess.Popen(
        [sys.executable, "-c", VIEWER, asked],
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "stderr").open("wb"),
        text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert viewer.stdout is not None
    job = viewer.stdout.readline().strip()
    viewer.kill()
    viewer.wait()
    assert job, (tmp_path / "stderr").read_text()
    assert JobClient().job(job).record.known.state is State.RUNNING
    panel = JobsPanel(ViewerModel())
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.view is not None, timeout=PATIENCE)
    view = panel.view
    assert view is not None
    qtbot.waitUntil(lambda: len(view.table.table.rows) == 1, timeout=PATIENCE)
    assert view.table.chosen_row is not None
    assert view.table.chosen_row.id == job
    plots = view.details.plots.plots
    qtbot.waitUntil(lambda: "Dice" in plots, timeout=PATIENCE)
    qtbot.waitUntil(lambda: view.table.table.rows[0].status == "✔ finished", timeout=PATIENCE)
    folder = JobClient().job(job).record.folder
    told = [event for event in all_events(folder.events) if isinstance(event, Measured)]
    dice = plots["Dice"]
    assert isinstance(dice, LinePlot)
    for name in ("mean", "square", "disc"):
        expected = [event.values[name] for event in told if event.group == "Dice"]
        assert len(expected) == 8
        qtbot.waitUntil(
            lambda one=name, values=expected: (
                dice.curves[one].getOriginalDataset()[1].tolist() == values
            ),
            timeout=PATIENCE,
        )
    qtbot.waitUntil(lambda: not view.details.preview.isHidden(), timeout=PATIENCE)
    assert [result.name for result in view.actions._results] == ["model.omniseg"]
    panel.hide()
