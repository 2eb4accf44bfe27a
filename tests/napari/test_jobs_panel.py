"""The Jobs panel over real jobs: seen, followed, stopped, resumed, removed and opened."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image as Pillow
from qtpy.QtCore import QObject, Qt, QUrl, Slot
from qtpy.QtGui import QDesktopServices, QGuiApplication

from napari_omniseg.models.job_results import JobResult, Opener
from napari_omniseg.models.job_rows import Action
from napari_omniseg.models.wrapping import unbroken
from napari_omniseg.panels.jobs import JobsPanel
from napari_omniseg.panels.jobs_view import JobsView
from napari_omniseg.widgets.line_plot import LinePlot
from omniseg_backend.jobs.changes import finished, launched
from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.state_file import Runner
from omniseg_backend.jobs.states import State
from tests.jobs.conftest import Jobs
from tests.napari.jobs_makers import PATIENCE, choose, press, status, titles


@pytest.fixture
def view(qtbot) -> Iterator[JobsView]:
    panel = JobsPanel(ViewerModel())
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.view is not None, timeout=PATIENCE)
    assert panel.view is not None
    yield panel.view
    panel.hide()


def test_an_empty_list_says_how_to_begin(view: JobsView, wait) -> None:
    wait(lambda: "New job" in view.empty.text())
    assert not any(button.isEnabled() for button in view.actions.buttons.values())
    assert not view.table.isVisible()
    assert not view.actions.isVisible()


def test_the_list_tells_jobs_apart_in_a_narrow_panel(view: JobsView, jobs: Jobs, wait) -> None:
    title = "cardiac-mri-compact 1.1.0, fine-tuned on Dataset201_Heart_SiemensAvanto"
    job = jobs.submit(title=title, steps=2, gate=str(jobs.gate))
    jobs.open_gate(1)
    view.parentWidget().resize(380, 900)
    wait(lambda: status(view, job) == "▶ running")
    table = view.table
    wait(lambda: table.isVisible() and table.width() <= 380)
    header = table.horizontalHeader()
    assert header.length() <= table.viewport().width()
    assert not table.horizontalScrollBar().isVisible()
    assert table.textElideMode() == Qt.TextElideMode.ElideMiddle
    widths = [header.sectionSize(place) for place in range(header.count())]
    assert widths[1] >= 0.3 * sum(widths)
    cells = [table.table.index(0, place) for place in range(header.count())]
    assert cells[0].data() == "▶ running"
    assert cells[2].data().startswith("today ")
    for cell in (cells[0], cells[2]):
        assert table.fontMetrics().horizontalAdvance(cell.data()) < widths[cell.column()]
    told = unbroken(cells[1].data(Qt.ItemDataRole.ToolTipRole)).split("<br>")
    assert told[:3] == ["State: ▶ running", f"Job: {title}", "Kind: counting"]
    assert "Done: 50 %" in told


def test_a_job_of_another_program_is_seen_and_followed_to_its_end(
    view: JobsView, jobs: Jobs, wait
) -> None:
    job = jobs.submit(title="from the command line", steps=4, gate=str(jobs.gate))
    jobs.open_gate(1)
    wait(lambda: status(view, job) == "▶ running")
    choose(view, job)
    wait(lambda: "counting, 1 of 4" in view.details.status.text())
    assert not view.details.bar.isHidden()
    plot = view.details.plots.plots.get
    wait(lambda: plot("count") is not None)
    for step in (2, 3, 4):
        jobs.open_gate(step)
    wait(lambda: status(view, job) == "✔ finished")
    line = plot("count")
    assert isinstance(line, LinePlot)
    wait(lambda: len(line.curves["step"].getOriginalDataset()[0]) == 4)
    assert view.details.bar.isHidden()
    wait(lambda: view.actions.result.isEnabled())


def test_pausing_resuming_and_cancelling_by_the_buttons(
    view: JobsView, jobs: Jobs, wait, qtbot
) -> None:
    job = jobs.submit(title="stopped", steps=50, gate=str(jobs.gate))
    jobs.open_gate(1)
    wait(lambda: status(view, job) == "▶ running")
    choose(view, job)
    buttons = view.actions.buttons
    wait(lambda: buttons[Action.PAUSE].isEnabled())
    assert not buttons[Action.RESUME].isEnabled()
    assert not buttons[Action.REMOVE].isEnabled()
    press(qtbot, buttons[Action.PAUSE])
    wait(lambda: status(view, job) == "‖ paused" and buttons[Action.RESUME].isEnabled())
    press(qtbot, buttons[Action.RESUME])
    wait(lambda: status(view, job) == "▶ running" and buttons[Action.CANCEL].isEnabled())
    press(qtbot, buttons[Action.CANCEL])
    wait(lambda: status(view, job) == "✕ cancelled")
    assert jobs.state(job) is State.CANCELLED


def test_removing_asks_once(view: JobsView, jobs: Jobs, wait, qtbot) -> None:
    kept = jobs.submit(title="kept", steps=1)
    job = jobs.submit(title="removed", steps=1)
    wait(lambda: [status(view, one) for one in (kept, job)] == ["✔ finished"] * 2)
    choose(view, job)
    wait(lambda: view.actions.buttons[Action.REMOVE].isEnabled())
    press(qtbot, view.actions.buttons[Action.REMOVE])
    assert "Remove “removed” with all its files?" in view.question.text.text()
    press(qtbot, view.question.no)
    assert jobs.folder_of(job).path.is_dir()
    qtbot.keyClick(view.table, Qt.Key.Key_Delete)
    wait(lambda: not view.question.isHidden())
    press(qtbot, view.question.yes)
    wait(lambda: titles(view) == ["kept"])
    wait(lambda: view.details.isHidden())
    assert view.message.text() == "The job was removed."
    assert not view.actions.folder.isEnabled()


def test_removing_by_keys_alone(view: JobsView, jobs: Jobs, wait, qtbot) -> None:
    with qtbot.waitActive(view.window()):
        view.window().activateWindow()
    kept = jobs.submit(title="kept", steps=1)
    job = jobs.submit(title="removed", steps=1)
    wait(lambda: [status(view, one) for one in (kept, job)] == ["✔ finished"] * 2)
    choose(view, job)
    view.table.setFocus()
    qtbot.keyClick(view.table, Qt.Key.Key_Delete)
    assert view.question.no.hasFocus()
    qtbot.keyClick(view.question.no, Qt.Key.Key_Escape)
    assert view.question.isHidden()
    assert view.table.hasFocus()
    qtbot.keyClick(view.table, Qt.Key.Key_Delete)
    qtbot.keyClick(view.question.no, Qt.Key.Key_Backtab)
    assert view.question.yes.hasFocus()
    qtbot.keyClick(view.question.yes, Qt.Key.Key_Space)
    wait(lambda: titles(view) == ["kept"])
    assert view.table.hasFocus()


def test_why_a_job_failed_is_told_until_it_is_resumed(view: JobsView, jobs: Jobs, wait) -> None:
    job = jobs.submit(title="fails", steps=1, ends="bad-data")
    wait(lambda: status(view, job) == "✖ failed")
    choose(view, job)
    wait(lambda: "found an even number" in view.details.problem.text())
    assert "add 1" in view.details.problem.text()
    wait(lambda: ("Ends", "bad-data") in view.details.words)


def test_warnings_log_and_picture_of_a_job(view: JobsView, jobs: Jobs, wait) -> None:
    record = jobs.client.store.create(jobs.spec(title="talks"))
    context = JobContext(record.folder, progress=lambda *_: None)
    context.warn("The images state no spacing.")
    picture = record.folder.path / "made.png"
    Pillow.fromarray(np.zeros((60, 90, 3), np.uint8)).save(picture)
    context.preview(picture.read_bytes(), 3, "Step 3")
    record.folder.log.write_text("\n".join(f"line {number}" for number in range(5000)))
    wait(lambda: "talks" in titles(view))
    choose(view, record.id)
    wait(lambda: view.details.warnings.text() == "⚠ The images state no spacing.")
    wait(lambda: view.details.preview.caption.text() == "Step 3")
    wait(lambda: view.details.log.toPlainText().endswith("line 4999"))
    assert view.details.log.document().blockCount() <= 200


def test_a_job_that_vanishes_while_it_is_followed_is_one_sentence(
    view: JobsView, jobs: Jobs, wait
) -> None:
    job = jobs.submit(title="vanishes", steps=1)
    wait(lambda: status(view, job) == "✔ finished")
    choose(view, job)
    wait(lambda: view.details.row is not None)
    jobs.client.remove(job)
    wait(lambda: view.message.text().endswith("it was removed elsewhere."))
    assert view.details.isHidden()
    assert view.table.chosen_row is None
    jobs.submit(title="next", steps=1)
    wait(lambda: titles(view) == ["next"])


def test_broken_folders_are_shown_and_only_what_may_be_is_removed(
    view: JobsView, jobs: Jobs, wait, qtbot
) -> None:
    newer, damaged = (jobs.client.store.create(jobs.spec()) for _ in range(2))
    content = json.loads(newer.folder.state.read_text()) | {"schema_version": 2}
    newer.folder.state.write_text(json.dumps(content))
    damaged.folder.state.write_text("{")
    wait(lambda: len(titles(view)) == 2)
    choose(view, newer.id)
    wait(lambda: "schema 2" in view.details.problem.text())
    assert not any(button.isEnabled() for button in view.actions.buttons.values())
    assert view.actions.folder.isEnabled()
    choose(view, damaged.id)
    wait(lambda: "damaged state" in view.details.problem.text())
    press(qtbot, view.actions.buttons[Action.REMOVE])
    press(qtbot, view.question.yes)
    wait(lambda: [row.id for row in view.table.table.rows] == [newer.id])


def test_a_home_that_cannot_be_read_is_one_sentence_until_it_can(
    home: Path, view: JobsView, wait
) -> None:
    wait(lambda: view.empty.text())
    home.mkdir(exist_ok=True)
    (home / "jobs").write_text("a file where all jobs should be")
    wait(lambda: "the folder of all jobs" in view.message.text())
    assert view.message.kind == "error"
    (home / "jobs").unlink()
    wait(lambda: not view.message.text())


def test_hundreds_of_jobs_are_listed_beside_the_main_thread(
    view: JobsView, jobs: Jobs, wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = jobs.client.store.create(jobs.spec(title="0"))
    text = first.folder.state.read_text()
    done = finished(
        first.folder, launched(first.folder, first.known, Runner(process=1, started=0.0)), ()
    )
    for number in range(1, 300):
        folder = first.folder.path.with_name(f"counting-{number:04d}")
        folder.mkdir()
        state = done.model_copy(update={"id": folder.name, "title": str(number)})
        state.save(folder / "state.json")
    assert text != first.folder.state.read_text()
    threads: set[int] = set()
    real = Path.read_text

    def watched(path: Path, *args: str) -> str:
        if path.name == "state.json":
            threads.add(threading.get_ident())
        return real(path, *args)

    monkeypatch.setattr(Path, "read_text", watched)
    wait(lambda: len(titles(view)) == 300)
    assert threads
    assert threading.get_ident() not in threads


def test_a_result_is_opened_in_the_viewer_off_the_main_thread(
    view: JobsView, jobs: Jobs, wait, tmp_path: Path
) -> None:
    mask = tmp_path / "picture.png"
    Pillow.fromarray(np.eye(32, dtype=np.uint8) * 200).save(mask)
    view._open_result(JobResult(mask, Opener.VIEWER))
    wait(lambda: len(view._viewer.layers) == 1)
    assert view.message.text() == ""
    mask.write_bytes(b"no picture")
    view._open_result(JobResult(mask, Opener.VIEWER))
    wait(lambda: view.message.kind == "error")
    assert "picture.png" in view.message.text()
    assert len(view._viewer.layers) == 1


class Desktop(QObject):
    """What Qt hands files to, in place of a file manager."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Path] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(Path(url.toLocalFile()))


def test_folders_and_pages_go_to_the_desktop(
    view: JobsView, jobs: Jobs, wait, qtbot, request: pytest.FixtureRequest
) -> None:
    desktop = Desktop()
    QDesktopServices.setUrlHandler("file", desktop.open)
    request.addfinalizer(lambda: QDesktopServices.unsetUrlHandler("file"))
    job = jobs.submit(title="done", steps=1)
    wait(lambda: status(view, job) == "✔ finished")
    choose(view, job)
    wait(lambda: view.actions.result.isEnabled())
    press(qtbot, view.actions.result)
    press(qtbot, view.actions.folder)
    folder = jobs.folder_of(job)
    assert desktop.opened == [folder.result / "count.json", folder.path]
    press(qtbot, view.actions.copy)
    assert QGuiApplication.clipboard().text() == job
    (folder.result / "count.json").unlink()
    wait(lambda: "no longer where it was put" in view.details.problem.text())
    assert not view.actions.result.isEnabled()


def test_a_bundle_is_no_file_to_open(view: JobsView, tmp_path: Path) -> None:
    view._open_result(JobResult(tmp_path / "model.omniseg", Opener.MODELS))
    assert "omniseg promote" in view.message.text()


def test_nothing_is_read_while_nobody_looks(view: JobsView, jobs: Jobs, wait) -> None:
    wait(lambda: view.empty.text())
    view.parentWidget().hide()
    wait(lambda: not view.lookout.awake)
    jobs.client.store.create(jobs.spec(title="unseen"))
    assert titles(view) == []
    view.parentWidget().show()
    wait(lambda: titles(view) == ["unseen"])


def test_two_panels_work_side_by_side(view: JobsView, jobs: Jobs, qtbot, wait) -> None:
    other = JobsView(ViewerModel())
    qtbot.addWidget(other)
    other.show()
    job = jobs.submit(title="both", steps=2, gate=str(jobs.gate))
    jobs.open_gate(1)
    for one in (view, other):
        wait(lambda one=one: status(one, job) == "▶ running")
        choose(one, job)
    for one in (view, other):
        wait(lambda one=one: "count" in one.details.plots.plots)
    press(qtbot, other.actions.buttons[Action.CANCEL])
    for one in (view, other):
        wait(lambda one=one: status(one, job) == "✕ cancelled")
    other.hide()


@pytest.mark.parametrize("length", [1, 40])
def test_titles_without_blanks_run_out_of_no_panel(
    view: JobsView, jobs: Jobs, wait, length: int
) -> None:
    title = "Dataset201_Heart_SiemensAvanto_corrected_by_second_reader_final" * length
    job = jobs.submit(title=title, steps=2, gate=str(jobs.gate))
    jobs.open_gate(1)
    panel = view.parentWidget()
    panel.resize(380, 900)
    wait(lambda: status(view, job) == "▶ running")
    choose(view, job)
    wait(lambda: "count" in view.details.plots.plots)
    area = view.details.parentWidget()
    wait(lambda: panel.width() == 380 and view.details.width() == area.width())
    assert view.details.heading.text() == title
    assert view.details.heading.height() < 200


def test_what_was_asked_is_no_longer_said_when_another_program_asked_otherwise(
    view: JobsView, jobs: Jobs, wait, qtbot
) -> None:
    job = jobs.submit(title="asked twice", steps=50, gate=str(jobs.gate))
    jobs.open_gate(1)
    wait(lambda: status(view, job) == "▶ running")
    choose(view, job)
    wait(lambda: view.actions.buttons[Action.PAUSE].isEnabled())
    press(qtbot, view.actions.buttons[Action.PAUSE])
    # Taken back as soon as it has paused, which may be before anybody looks.
    wait(lambda: "Asked to pause" in view.message.text() or status(view, job) == "‖ paused")
    wait(lambda: status(view, job) == "‖ paused")
    jobs.client.resume(job)
    wait(lambda: status(view, job) == "▶ running")
    assert view.message.text() == ""
