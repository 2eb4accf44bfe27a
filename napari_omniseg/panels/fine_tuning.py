"""The Fine-tune panel: learn from a site's own cases, compare, promote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_omniseg.models.fine_tuning import Action, FineTuning
from napari_omniseg.models.preferences import Preferences
from napari_omniseg.models.site_summary import SiteSummary
from napari_omniseg.panels.fine_tuning_data import DataSection
from napari_omniseg.panels.fine_tuning_layers import LayersSection
from napari_omniseg.panels.fine_tuning_python import PythonSection
from napari_omniseg.panels.fine_tuning_result import ResultSection
from napari_omniseg.panels.fine_tuning_run import RunSection
from napari_omniseg.panels.fine_tuning_start import StartSection
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.message_line import MessageLine
from napari_omniseg.widgets.newest import Newest
from napari_omniseg.widgets.panel_area import PanelArea
from omniseg_backend.jobs.states import State

if TYPE_CHECKING:
    from pathlib import Path

    import napari.viewer
    from qtpy.QtGui import QHideEvent, QShowEvent

    from napari_omniseg.models.fine_tuning_jobs import FoundJobs
    from napari_omniseg.models.fine_tuning_request import FineTuningRequest
    from napari_omniseg.models.job_watch import Followed


class FineTuningPanel(QWidget):
    """Fine-tunes a model on a site data set, by jobs that outlive the viewer.

    Args:
        napari_viewer: Whose layers may be added to the data set.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._preferences = Preferences()
        self.tuning = FineTuning()
        self.data = DataSection()
        self.start = StartSection()
        self.layers = LayersSection(
            napari_viewer,
            lambda: self.data.folder.text().strip(),
            lambda: self.start.chosen,
        )
        self.python = PythonSection()
        self.run = RunSection()
        self.result = ResultSection(self.tuning)
        self.message = MessageLine()
        self._sections = (self.data, self.layers, self.start, self.python, self.run, self.result)
        self._submitting: Background[Followed] = Background(self)
        self._finding = Newest(self)
        self._seen_running = False
        self._lay_out()
        self._connect()
        self._enable()

    def submit(self, request: FineTuningRequest) -> None:
        """Put a training into the queue and follow it."""
        if self._submitting.busy:
            return
        self.message.clear()
        self._submitting.start(lambda progress, cancel: _submitted(request))

    @property
    def looking(self) -> bool:
        """Whether something is still being looked up or done."""
        own = self._finding.waiting or self._submitting.busy
        return own or any(part.busy for part in self._sections)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin, and later look again at what others may have changed meanwhile."""
        super().showEvent(event)
        if not event.spontaneous():
            for part in self._sections:
                part.wake()

    def hideEvent(self, event: QHideEvent) -> None:
        """Look no longer; jobs go on."""
        super().hideEvent(event)
        if not event.spontaneous():
            for part in self._sections:
                part.rest()
            QTimer.singleShot(0, self._when_hidden)

    def _when_hidden(self) -> None:
        """A panel that was taken out of its window will not be shown again."""
        if self.isWindow() and not self.isVisible():
            self._finding.cancel()
            for part in self._sections:
                part.cancel_all()

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        for part in self._sections:
            column.addWidget(part)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(PanelArea(inside), 1)
        whole.addWidget(self.message)

    def _connect(self) -> None:
        for part in self._sections:
            part.said.connect(self.message.say)
        self.data.changed.connect(self._on_data)
        self.layers.added.connect(self.data.open_again)
        self.start.start_clicked.connect(self._on_start)
        self.python.changed.connect(self._enable)
        self.run.changed.connect(self._on_run)
        self.result.changed.connect(self._enable)
        self.result.models_changed.connect(self._on_models_changed)
        self._submitting.returned.connect(self._show_training)
        self._submitting.busy_changed.connect(self._enable)
        self._finding.returned.connect(self._on_found)
        self._submitting.failed.connect(self._on_failed)
        self._finding.failed.connect(self._on_failed)

    def _on_data(self, summary: SiteSummary | None) -> None:
        """Another data set, or the same one after somebody added to it."""
        before = self.tuning.summary
        self.tuning.summary = summary
        self.start.show_data(summary)
        if before is None or summary is None or before.folder != summary.folder:
            self._show_training(None)
            if summary is not None:
                folder = summary.folder
                self._finding.ask(lambda progress, cancel: _found(folder))
        self.result.draw()
        self._enable()

    def _on_found(self, found: FoundJobs) -> None:
        if self.run.followed is None:
            self._show_training(found.training)
            if found.comparison is not None:
                self.result.show_job(found.comparison)
        self._enable()

    def _show_training(self, followed: Followed | None) -> None:
        self.tuning.forget()
        self._seen_running = False
        self.result.show_job(None)
        self.tuning.training = None if followed is None else followed.watch
        self.run.show_job(followed)
        self._enable()

    def _on_start(self) -> None:
        request = self.start.request()
        if request is None:
            self.message.say("Choose the folder of a site data set first.", "warning")
            return
        self._preferences.minutes = round(request.minutes)
        self.submit(request)

    def _on_run(self) -> None:
        """The training's state has changed."""
        self.tuning.training_gone = self.run.job.gone
        watch = self.tuning.training
        if watch is not None and watch.state is State.FINISHED and not self.run.job.gone:
            # Only who has waited for it here wants the comparison without asking.
            self.result.read_new(watch.folder, compare=self._seen_running)
            self.start.read_models()
        self._seen_running = watch is not None and watch.alive
        self._enable()

    def _on_failed(self, sentence: str) -> None:
        self.message.say(sentence, "error")

    def _on_models_changed(self) -> None:
        self.start.read_models()
        if self.tuning.training is not None:
            self.result.read_new(self.tuning.training.folder, compare=False)

    def _enable(self) -> None:
        ready = Action.TRAIN in self.tuning.actions and self.python.trains
        self.start.start.setEnabled(ready and not self._submitting.busy)
        self.result.draw()


def _submitted(request: FineTuningRequest) -> Followed:
    """Submit a training; the rooms of jobs are imported here, beside the main thread."""
    from napari_omniseg.models.fine_tuning_jobs import submit

    followed = submit(request)
    _load_plots()
    return followed


def _found(folder: Path) -> FoundJobs:
    from napari_omniseg.models.fine_tuning_jobs import find_again

    found = find_again(folder)
    if found.training is not None:
        _load_plots()
    return found


def _load_plots() -> None:
    """Import what draws curves: 60 ms that the main thread would notice."""
    import napari_omniseg.widgets.live_plots  # noqa: F401 - kept by the interpreter
