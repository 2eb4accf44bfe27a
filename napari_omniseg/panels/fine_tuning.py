"""The Fine-tune panel: learn from a site's own cases, compare, promote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from napari_omniseg.models.fine_tuning_jobs import FoundJobs, find_again, submit
from napari_omniseg.models.fine_tuning_request import FineTuningRequest
from napari_omniseg.models.job_watch import Followed
from napari_omniseg.models.preferences import Preferences
from napari_omniseg.models.site_summary import SiteSummary
from napari_omniseg.panels.fine_tuning_data import DataSection
from napari_omniseg.panels.fine_tuning_run import RunSection
from napari_omniseg.panels.fine_tuning_start import StartSection
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.message_line import MessageLine
from napari_omniseg.widgets.newest import Newest

if TYPE_CHECKING:
    import napari.viewer
    from qtpy.QtGui import QCloseEvent


class FineTuningPanel(QWidget):
    """Fine-tunes a model on a site data set, by jobs that outlive the viewer.

    Args:
        napari_viewer: Whose layers may be added to the data set.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._preferences = Preferences()
        self.data = DataSection()
        self.start = StartSection()
        self.run = RunSection()
        self.message = MessageLine()
        self._submitting: Background[Followed] = Background(self)
        self._finding = Newest(self)
        self._lay_out()
        self._connect()
        self.data.open(self._preferences.site_folder)

    def submit(self, request: FineTuningRequest) -> None:
        """Put a training into the queue and follow it."""
        if self._submitting.busy:
            return
        self.message.clear()
        self._submitting.start(lambda progress, cancel: submit(request))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Stop looking; jobs go on."""
        for part in (self.data, self.start, self.run):
            part.stop()
        self._finding.cancel()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        for part in (self.data, self.start, self.run):
            column.addWidget(part)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area, 1)
        whole.addWidget(self.message)

    def _connect(self) -> None:
        for part in (self.data, self.start, self.run):
            part.said.connect(self.message.say)
        self.data.changed.connect(self._on_data)
        self.start.start_clicked.connect(self._on_start)
        self.run.changed.connect(self._on_run)
        self._submitting.returned.connect(self.run.show_job)
        self._submitting.failed.connect(lambda sentence: self.message.say(sentence, "error"))
        self._submitting.busy_changed.connect(self._enable)
        self._finding.returned.connect(self._on_found)
        self._finding.failed.connect(lambda sentence: self.message.say(sentence, "error"))

    def _on_data(self, summary: SiteSummary | None) -> None:
        self.start.show_data(summary)
        self.run.show_job(None)
        if summary is not None:
            self.message.clear()
            folder = summary.folder
            self._finding.ask(lambda progress, cancel: find_again(folder))
        self._enable()

    def _on_found(self, found: object) -> None:
        assert isinstance(found, FoundJobs)
        if self.run.followed is None:
            self.run.show_job(found.training)
        self._enable()

    def _on_start(self) -> None:
        request = self.start.request()
        if request is None:
            self.message.say("Choose the folder of a site data set first.", "warning")
            return
        self._preferences.minutes = round(request.minutes)
        self.submit(request)

    def _on_run(self) -> None:
        self._enable()

    def _enable(self) -> None:
        followed = self.run.followed
        running = followed is not None and followed.watch.alive and not self.run.gone
        self.start.start.setEnabled(not running and not self._submitting.busy)
