"""Opening the Jobs panel: what it costs, what it imports, and a job that outlives its window."""

from __future__ import annotations

import os
import subprocess
import sys

from napari_omniseg.models import job_look
from omniseg_backend.jobs.states import State
from tests.jobs.conftest import Jobs
from tests.napari.jobs_makers import press, titles


def test_a_look_costs_no_more_than_its_job(jobs: Jobs) -> None:
    record = jobs.client.store.create(jobs.spec())
    record.folder.log.write_bytes(b"x" * 10_000_000)
    seen = job_look.look(record.id)
    assert seen.details is not None
    assert len(seen.details.log) <= 1 << 15


OPENED = """
import sys
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication
from napari_omniseg.panels.jobs import JobsPanel

app = QApplication([])
before = {"pyqtgraph", "onnxruntime", "omniseg_backend.jobs.client"} & set(sys.modules)
panel = JobsPanel(ViewerModel())
panel.show()
while panel.view is None:
    app.processEvents()
panel.view.new.click()
while panel.view.form.form is None:
    app.processEvents()
panel.hide()
print(*sorted(before), *sorted({"torch", "monai", "omniseg_backend.cli"} & set(sys.modules)))
"""


def test_opening_imports_nothing_heavy_at_first_and_nothing_that_trains_ever() -> None:
    told = subprocess.run(
        [sys.executable, "-c", OPENED],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert told.stdout.split() == []


def test_in_a_real_viewer_a_job_is_submitted_by_keys_and_outlives_the_window(
    gui, jobs: Jobs, qtbot, wait
) -> None:
    viewer = gui()
    _, panel = viewer.window.add_plugin_dock_widget("napari-omniseg", "Jobs")
    wait(lambda: panel.view is not None)
    view = panel.view
    press(qtbot, view.new)
    wait(lambda: view.form.form is not None)
    view.form.kind.setFocus()
    qtbot.keyClicks(view.form.kind, "counting")
    form = view.form.form
    assert form is not None
    assert form.spec.summary == "Count."
    press(qtbot, form.advanced.toggle)
    title = form.editor("title").control.widget.native
    qtbot.keyClicks(title, "by keys")
    gate = form.editor("settings", "gate").control.widget.line_edit.native
    qtbot.keyClicks(gate, str(jobs.gate))
    press(qtbot, view.form.submit)
    wait(lambda: titles(view) == ["by keys"] and view.table.table.rows[0].status == "▶ running")
    viewer.close()
    (job,) = (one.id for one in jobs.client.jobs())
    assert jobs.state(job) is State.RUNNING
    for step in range(1, 6):
        jobs.open_gate(step)
    jobs.wait_for(job, State.FINISHED)
