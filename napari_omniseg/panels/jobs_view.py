"""What the Jobs panel shows, once all that it needs is imported."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices, QGuiApplication, QHideEvent, QShowEvent
from qtpy.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from napari_omniseg.files.reader import LayerTuple, get_reader
from napari_omniseg.models.job_look import Look
from napari_omniseg.models.job_results import JobResult, Opener, bundle_words
from napari_omniseg.models.job_rows import Action, JobRow
from napari_omniseg.models.wrapping import cut
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import button, described
from napari_omniseg.widgets.job_actions import JobActions
from napari_omniseg.widgets.job_details import TITLE_SHOWN, JobDetailsView
from napari_omniseg.widgets.job_heard import JobHeard
from napari_omniseg.widgets.job_lookout import JobLookout
from napari_omniseg.widgets.job_table import JobTable
from napari_omniseg.widgets.message_line import MessageLine
from napari_omniseg.widgets.new_job import NewJob
from napari_omniseg.widgets.panel_area import PanelArea
from napari_omniseg.widgets.question import Question
from napari_omniseg.widgets.sections import TextLine
from omniseg_backend.common.errors import DataError
from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.events import Event
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.jobs.spec_file import load_spec
from omniseg_backend.jobs.states import State

if TYPE_CHECKING:
    import napari.viewer

_EMPTY = "No jobs yet. “New job” submits one; so does `omniseg jobs submit` in a terminal."


class JobsView(QWidget):
    """Lists, follows and controls jobs, and submits new ones.

    Args:
        napari_viewer: Where results are opened.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._looked = False
        self.message = MessageLine()
        self.heard = JobHeard(self.message)
        self.question = Question()
        self.new = button("New job", "Fill in a form for any kind of job and submit it.")
        self.new.clicked.connect(self._show_form)
        self.empty = TextLine("no jobs")
        self.table = JobTable()
        self.table.chosen.connect(self._on_chosen)
        self.table.remove_wanted.connect(partial(self._on_asked, Action.REMOVE))
        self.actions = JobActions()
        self.actions.asked.connect(self._on_asked)
        self.actions.open_result.connect(self._open_result)
        self.actions.open_folder.connect(self._open_folder)
        self.actions.copy_id.connect(self._copy_id)
        self.actions.again.connect(self._ask_again)
        self.details = JobDetailsView()
        self.form = NewJob()
        self.form.submitted.connect(self._on_submitted)
        self.form.left.connect(self._show_list)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._list_page())
        self.pages.addWidget(self.form)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.message)
        column.addWidget(self.question)
        column.addWidget(self.pages)
        self._asking: Background[tuple[str, Action]] = Background(self)
        self._asking.returned.connect(self._on_answered)
        self._asking.failed.connect(self._on_refused)
        self._asking.busy_changed.connect(self._enable)
        self._reading: Background[JobSpec] = Background(self)
        self._reading.returned.connect(self._fill_form)
        self._reading.failed.connect(self._on_refused)
        self._opening: Background[list[LayerTuple]] = Background(self)
        self._opening.returned.connect(self._add_layers)
        self._opening.failed.connect(self._on_refused)
        self.lookout = JobLookout(self)
        self.lookout.seen.connect(self._on_seen)
        self.lookout.told.connect(self._on_told)
        self.lookout.gone.connect(self._on_gone)
        self.lookout.failed.connect(self._on_refused)
        self.lookout.recovered.connect(self.message.clear)

    def showEvent(self, event: QShowEvent) -> None:
        """Jobs are looked at while somebody looks."""
        super().showEvent(event)
        self.lookout.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: nothing is read."""
        super().hideEvent(event)
        self.lookout.stop()

    def _list_page(self) -> QWidget:
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.actions)
        scroll = PanelArea(self.details)
        # Curves and pictures are no controls that the keyboard could scroll to.
        scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        described(scroll, "details of the job", "What the selected job does; arrows scroll it.")
        column.addWidget(scroll, 1)
        self.parts = parts = QSplitter(Qt.Orientation.Vertical)
        parts.hide()
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.table)
        parts.addWidget(below)
        parts.setStretchFactor(1, 1)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.new)
        column.addWidget(self.empty)
        column.addWidget(parts, 1)
        column.addStretch()
        return page

    # What is seen

    def _on_seen(self, seen: Look) -> None:
        self.table.put(seen.rows)
        self.heard.see(seen.rows)
        self.empty.show_text("" if seen.rows else _EMPTY)
        self.parts.setVisible(bool(seen.rows))
        if not self._looked:
            self._looked = True
            self._choose_first(seen.rows)
        if seen.details is not None and seen.job == self.lookout.job:
            self.details.put(seen.details)
            self.actions.offer(seen.details.results)
        self._enable()

    def _choose_first(self, rows: tuple[JobRow, ...]) -> None:
        """What a user who opens the panel wants to see: what runs, else what is newest."""
        running = [row for row in rows if row.state is State.RUNNING]
        for row in (*running, *rows)[:1]:
            self.table.choose(row.id)

    def _on_told(self, event: Event) -> None:
        if self.details.take(event):
            self.lookout.look_soon()

    def _on_chosen(self, job: str) -> None:
        if job == self.lookout.job:
            return
        self.message.clear()
        self.question.withdraw()
        self.details.clear()
        self.actions.offer(())
        self.lookout.follow(job)
        self._enable()

    def _on_gone(self, job: str) -> None:
        self.table.choose("")
        self.question.withdraw()
        self.details.clear()
        self.actions.offer(())
        self._enable()
        if not self.heard.removed:
            self.message.say(f"Job {job} is no longer there: it was removed elsewhere.", "warning")

    def _enable(self, _busy: bool = False) -> None:
        self.actions.put(self.table.chosen_row, busy=self._asking.busy)

    # What is asked

    def _on_asked(self, action: Action) -> None:
        row = self.table.chosen_row
        if row is None or action not in row.actions or self._asking.busy:
            return
        if action is Action.REMOVE:
            self.question.ask(
                f"Remove “{cut(row.title, TITLE_SHOWN)}” with all its files? "
                "Results that were put elsewhere stay.",
                partial(self._ask, row.id, action),
                yes="Remove",
            )
            return
        self._ask(row.id, action)

    def _ask(self, job: str, action: Action) -> None:
        if self._asking.busy:
            return
        self.message.clear()
        request: Callable[[str], object] = getattr(
            JobClient(self.lookout.client.store.root), action
        )

        def work(_progress: object, _cancel: object) -> tuple[str, Action]:
            request(job)
            return job, action

        self._asking.start(work)

    def _on_answered(self, asked: tuple[str, Action]) -> None:
        self.heard.tell(*asked, looking=self.lookout.looking)
        self.lookout.look_soon()

    def _on_refused(self, sentence: str) -> None:
        self.message.say(sentence, "error")
        self._enable()

    # What is opened

    def _open_result(self, result: JobResult) -> None:
        if result.opener is Opener.MODELS:
            row = self.table.chosen_row
            self.message.say(bundle_words(result.path, "" if row is None else row.kind))
        elif result.opener is Opener.DESKTOP:
            self._open_outside(result.path)
        elif self._opening.busy:
            self.message.say("Another result is being opened.", "warning")
        else:
            self.message.say(f"Opening {result.name}.")
            self._opening.start(lambda _progress, _cancel: _layers(result.path))

    def _add_layers(self, layers: list[LayerTuple]) -> None:
        from napari.layers import Layer

        self.message.clear()
        for data, attributes, kind in layers:
            self._viewer.add_layer(Layer.create(data, attributes, kind))

    def _open_folder(self) -> None:
        row = self.table.chosen_row
        if row is not None:
            self._open_outside(row.folder)

    def _open_outside(self, path: Path) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self.message.say(f"The desktop knows no program that opens {path}.", "warning")

    def _copy_id(self) -> None:
        row = self.table.chosen_row
        if row is not None:
            QGuiApplication.clipboard().setText(row.id)
            self.message.say(f"Copied: {row.id}")

    # The other page

    def _show_form(self) -> None:
        self.message.clear()
        self.question.withdraw()
        self.pages.setCurrentWidget(self.form)
        self.form.kind.setFocus()
        self.form.begin()

    def _ask_again(self) -> None:
        row = self.table.chosen_row
        if row is not None and not self._reading.busy:
            spec = JobFolder(row.folder).spec
            self._reading.start(lambda _progress, _cancel: load_spec(spec))

    def _fill_form(self, spec: JobSpec) -> None:
        self._show_form()
        self.form.begin(spec)

    def _show_list(self) -> None:
        self.pages.setCurrentIndex(0)
        self.new.setFocus()

    def _on_submitted(self, job: str) -> None:
        self._show_list()
        self.table.choose(job)
        self.message.say("Submitted. It runs on when this window is closed.")


def _layers(path: Path) -> list[LayerTuple]:
    """What our reader makes of a file.

    Raises:
        DataError: It is none of its files, or damaged.
    """
    reader = get_reader(str(path))
    if reader is None:
        raise DataError(
            path,
            found="a file that OmniSeg does not read",
            expected="an image or a mask",
            remedy="open its folder and choose a program for it",
        )
    return reader(str(path))
