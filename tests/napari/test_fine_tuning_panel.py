"""The Fine-tune panel: what it offers, finds again, and says of what goes wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from napari_omniseg.models.fine_tuning import Step
from napari_omniseg.models.fine_tuning_request import FineTuningRequest
from omniseg_backend.datasets.site.dataset import SiteDataset
from omniseg_backend.jobs import control
from omniseg_backend.jobs.changes import failed
from omniseg_backend.jobs.config import Config
from omniseg_backend.jobs.events import Measured, Previewed, Progressed
from omniseg_backend.jobs.state_file import load_state
from omniseg_backend.jobs.store import JobRecord, JobStore
from omniseg_backend.training.settings import Budget
from tests.napari.fine_tuning_makers import PATIENCE, make_current, toy_case, toy_site
from tests.training.conftest import draw_case

pytestmark = pytest.mark.usefixtures("plugin_preferences")

OPENS = """
import sys
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication
app = QApplication([])
from napari_omniseg.panels.fine_tuning import FineTuningPanel
panel = FineTuningPanel(ViewerModel())
heavy = ("torch", "monai", "onnxruntime", "pyqtgraph", "scipy.stats", "omniseg_backend.jobs.client")
print([name for name in heavy if name in sys.modules])
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_site(tmp_path_factory.mktemp("site") / "Dataset301_Toy", 10).folder


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    """Ten patients, two of them reserved."""
    return shutil.copytree(template, tmp_path / template.name)


def stopped_training(site: Path) -> JobRecord:
    """A training that was paused before its turn came."""
    spec = FineTuningRequest(site, None, budget=Budget(steps=4)).spec()
    store = JobStore()
    record = store.create(spec)
    control.pause(store, record.id)
    return record


def click(qtbot, control: object) -> None:
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton)


def test_opening_imports_nothing_heavy() -> None:
    told = subprocess.run(
        [sys.executable, "-c", OPENS],
        env={"QT_QPA_PLATFORM": "offscreen", "PATH": "", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines()[-1] == "[]"


def test_a_data_set_is_remembered_and_its_models_come_first(
    qtbot, open_panel, site: Path, weak_bundle: Path
) -> None:
    make_current(weak_bundle)
    panel = open_panel(site)
    assert panel.data.contents.text().startswith("8 cases to learn from and 2 reserved")
    assert panel.start.model.itemText(0).endswith("current")
    assert panel.start.model.itemText(panel.start.model.count() - 1) == "from scratch"
    assert not panel.start.variant.isEnabled()
    assert panel.start.start.isEnabled()
    panel.start.model.setCurrentIndex(panel.start.model.count() - 1)
    assert panel.start.variant.isEnabled()
    request = panel.start.request()
    assert request is not None
    assert (request.dataset, request.start, request.modality) == (site, None, None)
    click(qtbot, panel.data.check)
    qtbot.waitUntil(lambda: "No problem found." in panel.data.problems.text(), timeout=PATIENCE)
    again = open_panel()
    assert again.data.summary == panel.data.summary


def test_a_modality_is_asked_for_where_nobody_states_it(open_panel, tmp_path: Path) -> None:
    panel = open_panel(toy_site(tmp_path / "silent", 1, modality=None).folder)
    assert panel.start.chosen is not None
    assert not panel.start.modality.isVisibleTo(panel)
    panel.start.model.setCurrentIndex(panel.start.model.count() - 1)
    assert panel.start.modality.isVisibleTo(panel)
    panel.start.modality.setCurrentText("microscopy")
    request = panel.start.request()
    assert request is not None
    assert request.modality == "microscopy"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing", None, "no such folder"),
        ("other", '{"name": "x"}', "not a site data set"),
        ("newer", '{"omniseg": {"schema_version": 99}}', "schema 99"),
    ],
)
def test_a_wrong_folder_is_told_and_another_can_be_chosen(
    qtbot, open_panel, site: Path, tmp_path: Path, name: str, content: str | None, said: str
) -> None:
    folder = tmp_path / name
    if content is not None:
        folder.mkdir()
        (folder / "dataset.json").write_text(content)
    panel = open_panel(folder)
    assert said in panel.message.text()
    assert panel.message.kind == "error"
    assert not panel.start.start.isEnabled()
    panel.data.open(str(site))
    qtbot.waitUntil(panel.start.start.isEnabled, timeout=PATIENCE)
    assert not panel.message.text()


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("a" * 3000, f"{'a' * 40}…{'a' * 40}: found a path of 3000 letters"),
        ("/tmp/\0", "found a character that no path has"),
        ("~nobody-of-this-name/x", "found no user of that name"),
    ],
)
def test_what_is_no_path_is_told_in_a_sentence(
    qtbot, open_panel, viewer: ViewerModel, capsys: pytest.CaptureFixture[str], named, said
) -> None:
    panel = open_panel()
    panel.data.open(named)
    qtbot.waitUntil(lambda: said in panel.message.text(), timeout=PATIENCE)
    values, labels = draw_case(1)
    viewer.add_image(values)
    viewer.add_labels(labels)
    panel.layers.pairs.rows[0][1].setChecked(True)
    click(qtbot, panel.layers.add)
    assert said in panel.message.text()
    assert not panel.layers.busy
    assert "Traceback" not in capsys.readouterr().err


def test_a_folder_is_found_by_its_file_and_in_quotation_marks(
    qtbot, open_panel, site: Path
) -> None:
    panel = open_panel()
    for named in (f"'{site}'", f'"{site / "dataset.json"}"', f" {site}/dataset.json "):
        panel.data.open(named)
        qtbot.waitUntil(lambda: panel.data.summary is not None, timeout=PATIENCE)
        assert panel.data.folder.text() == str(site)
        panel.data.open("")


def test_another_file_or_folder_is_told_with_how_a_data_set_is_made(
    qtbot, open_panel, site: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    panel = open_panel(tmp_path / "empty")
    assert "a folder that is no site data set" in panel.message.text()
    assert "omniseg dataset create" in panel.message.text()
    panel.data.open(str(site / "cases.csv"))
    qtbot.waitUntil(lambda: "cases.csv: found a file" in panel.message.text(), timeout=PATIENCE)


def test_without_a_case_nothing_can_be_trained(open_panel, tmp_path: Path) -> None:
    panel = open_panel(toy_site(tmp_path / "empty", 0).folder)
    assert not panel.start.start.isEnabled()
    assert "has no case to learn from" in panel.start.warnings.text()


def test_without_a_python_that_trains_the_panel_helps(
    qtbot, open_panel, site: Path, home: Path, tmp_path: Path
) -> None:
    home.mkdir()
    Config(training_interpreter=tmp_path / "gone" / "python").save()
    panel = open_panel(site)
    assert "is gone" in panel.python.problem.text()
    assert panel.python.isVisibleTo(panel)
    assert not panel.start.start.isEnabled()
    panel.python.take(tmp_path / "no-python")
    qtbot.waitUntil(lambda: "no such file" in panel.message.text(), timeout=PATIENCE)
    click(qtbot, panel.python.build)
    qtbot.waitUntil(panel.python.question.isVisible, timeout=PATIENCE)
    asked = panel.python.question.text.text()
    assert "GB" in asked
    assert "-m venv" in asked
    click(qtbot, panel.python.question.no)
    assert not (home / "training-environment").exists()
    panel.python.take(Path(sys.executable))
    qtbot.waitUntil(lambda: not panel.python.isVisibleTo(panel), timeout=PATIENCE)
    assert panel.start.start.isEnabled()


def test_a_training_is_found_again_with_its_curves(qtbot, open_panel, site: Path) -> None:
    record = stopped_training(site)
    log = record.folder.log_events()
    for step in (1, 2, 3):
        log.append(Measured(group="loss", step=step, values={"training": 1.0 / step}))
        log.append(Measured(group="Dice", step=step, values={"mean": 0.1 * step}))
    panel = open_panel(site)
    assert panel.tuning.step is Step.STOPPED
    assert panel.run.job.status.text().startswith("Paused.")
    assert panel.run.plots is not None
    assert set(panel.run.plots.series.lines) == {"loss", "Dice"}
    assert panel.run.job.resume.isVisibleTo(panel)
    assert not panel.run.job.pause.isVisibleTo(panel)
    # What comes later is taken in by polling alone; a hidden panel looks no longer.
    log.append(Progressed(stage="training", fraction=0.5, remaining_seconds=None))
    qtbot.waitUntil(lambda: panel.run.job.bar.value() == 500, timeout=PATIENCE)
    panel.hide()
    log.append(Progressed(stage="training", fraction=0.75, remaining_seconds=None))
    assert not panel.run.job.polling
    panel.show()
    qtbot.waitUntil(lambda: panel.run.job.bar.value() == 750, timeout=PATIENCE)
    # Another data set has no training; the first one still has it.
    panel.data.open(str(shutil.copytree(site, site.with_name("Other"))))
    qtbot.waitUntil(lambda: panel.tuning.step is Step.READY, timeout=PATIENCE)
    assert not panel.run.isVisibleTo(panel)


def test_a_paused_training_can_be_cancelled(qtbot, open_panel, site: Path) -> None:
    stopped_training(site)
    panel = open_panel(site)
    click(qtbot, panel.run.job.cancel)
    status = panel.run.job.status
    qtbot.waitUntil(lambda: status.text().startswith("Cancelled."), timeout=PATIENCE)
    assert panel.run.job.resume.isVisibleTo(panel)
    assert panel.start.start.isEnabled()


def test_a_folder_that_vanishes_is_told(qtbot, open_panel, site: Path) -> None:
    record = stopped_training(site)
    panel = open_panel(site)
    assert panel.tuning.step is Step.STOPPED
    shutil.rmtree(record.folder.path)
    qtbot.waitUntil(lambda: "its folder is gone" in panel.message.text(), timeout=PATIENCE)
    assert panel.tuning.step is Step.READY
    assert not panel.run.job.resume.isVisibleTo(panel)
    assert panel.start.start.isEnabled()


def test_a_damaged_folder_is_not_called_gone(qtbot, open_panel, site: Path) -> None:
    record = stopped_training(site)
    panel = open_panel(site)
    record.folder.state.write_text("{ broken")
    qtbot.waitUntil(lambda: "damaged state" in panel.message.text(), timeout=PATIENCE)
    told = "Its state cannot be read; whether it still runs is not known."
    assert panel.run.job.status.text() == told
    assert not panel.run.job.resume.isVisibleTo(panel)


def test_a_failed_training_shows_why_and_can_go_on(qtbot, open_panel, site: Path) -> None:
    record = stopped_training(site)
    state = load_state(record.folder.state)
    queued = state.model_copy(update={"state": "queued"})
    failed(record.folder, queued, "The disk is full.", details=("one", "two"))
    panel = open_panel(site)
    assert panel.run.job.status.text() == "Failed. The disk is full."
    assert panel.run.remarks.text() == "one\ntwo"
    assert panel.run.job.resume.isVisibleTo(panel)
    assert panel.start.start.isEnabled()


def test_a_picture_that_is_gone_is_no_error(qtbot, open_panel, site: Path) -> None:
    record = stopped_training(site)
    record.folder.log_events().append(
        Previewed(picture="previews/step-1.png", step=1, caption="gone")
    )
    panel = open_panel(site)
    assert not panel.run.picture.isVisibleTo(panel)
    assert not panel.message.text()


def test_a_finished_training_without_its_bundle_is_told(open_panel, site: Path) -> None:
    record = stopped_training(site)
    path = record.folder.state
    path.write_text(json.dumps(json.loads(path.read_text()) | {"state": "finished"}))
    with record.folder.events.open("a") as events:
        events.write('{"event": "finished", "time": "2026-01-31T12:00:00+00:00", "results": []}\n')
    panel = open_panel(site)
    assert "found no bundle" in panel.message.text()
    assert panel.start.start.isEnabled()


def test_return_reads_the_folder_anew_and_losing_the_focus_does_not(
    qtbot, open_panel, site: Path
) -> None:
    panel = open_panel(site)
    SiteDataset.open(site).add(*toy_case(900), patient="Q1")
    panel.data.folder.editingFinished.emit()
    assert not panel.looking
    assert panel.data.contents.text().startswith("8 cases")
    qtbot.keyClick(panel.data.folder, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.data.contents.text().startswith("9 cases"), timeout=PATIENCE)


def test_two_panels_know_nothing_of_each_other(
    qtbot, open_panel, site: Path, tmp_path: Path
) -> None:
    stopped_training(site)
    one = open_panel(site)
    other = open_panel(toy_site(tmp_path / "other", 5).folder)
    assert (one.tuning.step, other.tuning.step) == (Step.STOPPED, Step.READY)
    other.close()
    qtbot.waitUntil(lambda: not other.looking, timeout=PATIENCE)
    assert one.run.job.polling


def test_a_starting_model_that_was_removed_is_told(
    qtbot, open_panel, site: Path, home: Path, weak_bundle: Path
) -> None:
    make_current(weak_bundle)
    panel = open_panel(site)
    for bundle in (home / "models").glob("*.omniseg"):
        bundle.unlink()
    click(qtbot, panel.start.start)
    said = "neither a file nor the id of a model"
    qtbot.waitUntil(lambda: said in panel.message.text(), timeout=PATIENCE)
    assert panel.tuning.step is Step.READY


def test_a_closed_panel_and_viewer_leave_the_job_alone(qtbot, gui, site: Path) -> None:
    record = stopped_training(site)
    viewer = gui()
    dock, panel = viewer.window.add_plugin_dock_widget("napari-omniseg", "Fine-tune")
    panel.data.open(str(site))
    qtbot.waitUntil(lambda: panel.tuning.step is Step.STOPPED, timeout=PATIENCE)
    viewer.window.remove_dock_widget(dock)
    assert not panel.run.job.polling
    qtbot.waitUntil(lambda: not panel.looking, timeout=PATIENCE)
    _, again = viewer.window.add_plugin_dock_widget("napari-omniseg", "Fine-tune")
    qtbot.waitUntil(lambda: again.tuning.step is Step.STOPPED, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not again.looking, timeout=PATIENCE)
    viewer.close()
    assert load_state(record.folder.state).state == "paused"
