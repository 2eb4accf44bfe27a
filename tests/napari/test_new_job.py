"""Submitting any kind of job from its form: kinds appear by themselves, nothing is asked twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel

from napari_omniseg.panels.jobs_view import JobsView
from napari_omniseg.widgets.new_job import NewJob
from napari_omniseg.widgets.spec_form import SpecForm
from omniseg_backend.jobs.kinds import kinds
from omniseg_backend.jobs.spec_file import load_spec
from omniseg_backend.jobs.states import State
from tests.jobs.conftest import Jobs

Wait = Callable[[Callable[[], object]], None]


@pytest.fixture
def view(qtbot) -> Iterator[JobsView]:
    made = JobsView(ViewerModel())
    qtbot.addWidget(made)
    made.show()
    yield made
    made.hide()


@pytest.fixture
def new(view: JobsView, wait: Wait, qtbot) -> NewJob:
    qtbot.mouseClick(view.new, Qt.MouseButton.LeftButton)
    wait(lambda: view.form.form is not None)
    assert view.pages.currentWidget() is view.form
    return view.form


def form_for(new: NewJob, kind: str) -> SpecForm:
    new.kind.setCurrentText(kind)
    assert new.form is not None
    return new.form


def put(form: SpecForm, name: str, value: object) -> None:
    widget = form.editor("settings", name).control.widget
    if hasattr(widget, "line_edit"):
        widget.line_edit.value = str(value)
    else:
        widget.value = value


def test_a_kind_of_another_distribution_is_submitted_by_its_form(
    jobs: Jobs, view: JobsView, new: NewJob, wait: Wait, qtbot
) -> None:
    assert [new.kind.itemText(place) for place in range(new.kind.count())] == list(kinds())
    form = form_for(new, "counting")
    assert new.summary.text() == "Count."
    form.advanced.open()
    put(form, "steps", 2)
    form.editor("title").control.widget.value = "made by hand"
    qtbot.mouseClick(new.submit, Qt.MouseButton.LeftButton)
    wait(lambda: view.table.chosen_row is not None)
    row = view.table.chosen_row
    assert row is not None
    assert row.title == "made by hand"
    assert view.pages.currentWidget() is not view.form
    jobs.wait_for(row.id, State.FINISHED)
    assert load_spec(jobs.folder_of(row.id).spec).settings.model_dump(exclude_unset=True) == {
        "steps": 2
    }


def test_a_job_is_asked_again_with_all_that_it_was_asked(
    jobs: Jobs, view: JobsView, wait: Wait, qtbot
) -> None:
    job = jobs.submit(title="first", steps=3, heeds=False)
    wait(lambda: view.table.table.rows)
    view.table.choose(job)
    wait(lambda: view.actions.repeat.isEnabled())
    qtbot.mouseClick(view.actions.repeat, Qt.MouseButton.LeftButton)
    wait(lambda: view.form.form is not None and view.form.kind.currentText() == "counting")
    form = view.form.form
    assert form is not None
    assert form.read() == load_spec(jobs.folder_of(job).spec)


def test_a_wrong_value_stays_in_the_form_beside_its_sentence(
    jobs: Jobs, new: NewJob, wait: Wait, qtbot
) -> None:
    form = form_for(new, "evaluate")
    qtbot.mouseClick(new.submit, Qt.MouseButton.LeftButton)
    assert new.message.text() == "✖ Correct what is marked above."
    assert form.editor("settings", "dataset").complaint == "This must be stated."
    assert jobs.client.jobs() == ()


def test_a_job_that_is_bound_to_fail_is_refused_and_the_form_keeps_what_was_said(
    jobs: Jobs, view: JobsView, new: NewJob, wait: Wait, qtbot, tmp_path: Path
) -> None:
    form = form_for(new, "batch")
    put(form, "folder", tmp_path / "gone")
    put(form, "output", tmp_path / "masks")
    _, path = form.editor("settings", "model").control.widget
    path.line_edit.value = str(tmp_path / "model.omniseg")
    (tmp_path / "model.omniseg").touch()
    qtbot.mouseClick(new.submit, Qt.MouseButton.LeftButton)
    wait(lambda: "found nothing, expected a folder of images" in new.message.text())
    assert jobs.client.jobs() == ()
    form_for(new, "export")
    again = form_for(new, "batch")
    assert again is form
    assert again.editor("settings", "output").control.read() == str(tmp_path / "masks")
    qtbot.mouseClick(new.back, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(view.new, Qt.MouseButton.LeftButton)
    assert again.editor("settings", "folder").control.read() == str(tmp_path / "gone")


def test_the_models_at_hand_are_offered(new: NewJob) -> None:
    form = form_for(new, "evaluate")
    combo, _ = form.editor("settings", "bundle").control.widget
    shown = [combo.native.itemText(place) for place in range(combo.native.count())]
    assert any(text.startswith("cardiac-mri-compact") for text in shown)


def test_where_nothing_trains_the_remedy_is_shown_before_anything_is_filled_in(
    home: Path, jobs: Jobs, view: JobsView, wait: Wait, qtbot, tmp_path: Path
) -> None:
    home.mkdir(exist_ok=True)
    (home / "config.json").write_text('{"training_interpreter": "/gone/python"}')
    qtbot.mouseClick(view.new, Qt.MouseButton.LeftButton)
    new = view.form
    wait(lambda: new.form is not None)
    form = form_for(new, "train")
    assert "omniseg jobs environment --use PYTHON" in new.training.text()
    put(form, "dataset", tmp_path)
    qtbot.mouseClick(new.submit, Qt.MouseButton.LeftButton)
    wait(lambda: "training_interpreter that is gone" in new.message.text())
    form_for(new, "evaluate")
    assert new.training.isHidden()


def test_tab_goes_through_the_form_as_it_is_read(new: NewJob, view: JobsView, wait, qtbot) -> None:
    with qtbot.waitActive(view):
        view.activateWindow()
    form = form_for(new, "train")
    wait(lambda: form.complete)
    new.kind.setFocus()

    def walked() -> list[str]:
        names = []
        for _ in range(200):
            at = QApplication.focusWidget()
            assert at is not None
            names.append(at.accessibleName())
            if at is new.back:
                return names
            qtbot.keyClick(at, Qt.Key.Key_Tab)
        return names

    closed = walked()
    assert closed[:2] == ["Kind", "Dataset"]
    assert closed[-3:] == ["More settings", "Submit", "Back"]
    usual = [editor.field.label for editor in form.editors if not editor.field.groups]
    assert [name for name in dict.fromkeys(closed) if name in usual] == usual
    form.advanced.open()
    wait(lambda: form.complete)
    new.kind.setFocus()
    opened = walked()
    fold = opened.index("More settings")
    assert opened[: fold + 1] == closed[:-2]
    assert "Input size (px)" in opened[fold:]
    assert opened[-2:] == ["Submit", "Back"]
    assert "" not in opened


@pytest.mark.parametrize("kind", ["train", "evaluate"])
def test_a_panel_is_never_narrower_than_its_form(
    new: NewJob, view: JobsView, wait, kind: str
) -> None:
    form = form_for(new, kind)
    form.advanced.open()
    wait(lambda: form.complete)
    view.resize(view.minimumSizeHint().width(), 700)
    wait(lambda: form.width() == new.scroll.viewport().width())
    assert form.minimumSizeHint().width() <= new.scroll.viewport().width()


def test_what_is_wrong_is_written_in_full_in_a_narrow_form(
    new: NewJob, view: JobsView, wait, qtbot
) -> None:
    form = form_for(new, "train")
    form.advanced.open()
    put(form, "input_size", "256x")
    view.resize(view.minimumSizeHint().width(), 700)
    qtbot.mouseClick(new.submit, Qt.MouseButton.LeftButton)
    said = form.editor("settings", "input_size").complaint
    (label,) = (one for one in form.findChildren(QLabel) if one.text() == said)
    wait(lambda: label.width() > 0.9 * form.width())
    wait(lambda: label.height() >= label.heightForWidth(label.width()))
