"""The Fine-tune panel's third part: a training as it goes on, and stopping it."""

from __future__ import annotations

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from napari_omniseg.models.fine_tuning_jobs import look
from napari_omniseg.models.job_watch import Followed
from napari_omniseg.models.run_text import run_text
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import button, described
from napari_omniseg.widgets.sections import Section, TextLine
from omniseg_backend.jobs.client import POLL_EVERY_MS, JobClient
from omniseg_backend.jobs.states import State

#: Milliseconds between two looks at the job's state, which tell of a crash: no event does.
_LOOK_EVERY_MS = 2000
_SCALE = 1000


class RunSection(Section):
    """Follows a training; pauses, cancels and resumes it.

    Signals:
        changed: The job's state has changed.
        said: A sentence for the user, and its kind.
    """

    changed = Signal()
    said = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Progress", parent)
        self.followed: Followed | None = None
        self.gone = False
        self._state: State | None = None
        self._asking: Background[object] = Background(self)
        self._asking.failed.connect(self._on_refused)
        self._asking.busy_changed.connect(self._draw)
        self._looking: Background[object] = Background(self)
        self._looking.failed.connect(self._on_lost)
        self.status = TextLine("what the training does")
        self.body.addWidget(self.status)
        self.bar = described(QProgressBar(), "progress", "How far this stage is.")
        self.bar.setRange(0, _SCALE)
        self.bar.setTextVisible(False)
        self.body.addWidget(self.bar)
        self.pause = button("Pause", "Stop where it can go on from exactly.")
        self.resume = button("Resume", "Go on from the last checkpoint.")
        self.cancel = button("Cancel", "Stop within two seconds; it can be resumed later.")
        row = QHBoxLayout()
        for one, call in (
            (self.pause, JobClient.pause),
            (self.resume, JobClient.resume),
            (self.cancel, JobClient.cancel),
        ):
            one.clicked.connect(lambda _=False, call=call: self._ask(call))
            row.addWidget(one)
        self.body.addLayout(row)
        self._poll = QTimer(self)
        self._poll.setInterval(POLL_EVERY_MS)
        self._poll.timeout.connect(self._on_poll)
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_EVERY_MS)
        self._look.timeout.connect(self._on_look)
        self.setVisible(False)

    def show_job(self, followed: Followed | None) -> None:
        """Show a training in place of the last one; None for none."""
        self.followed, self.gone, self._state = followed, False, None
        self.setVisible(followed is not None)
        for timer in (self._poll, self._look):
            timer.stop() if followed is None else timer.start()
        self._draw()

    def stop(self) -> None:
        """Follow no longer; the job goes on."""
        self._poll.stop()
        self._look.stop()

    def _on_poll(self) -> None:
        if self.followed is not None and self.followed.client.poll():
            self._draw()

    def _on_look(self) -> None:
        watch = None if self.followed is None else self.followed.watch
        if watch is None or self._looking.busy or self.gone or watch.ended:
            return
        job = watch.id
        self._looking.start(lambda progress, cancel: look(job))

    def _on_lost(self, sentence: str) -> None:
        self.gone = True
        self.said.emit(sentence, "error")
        self._draw()
        self.changed.emit()

    def _ask(self, call: object) -> None:
        if self.followed is None or self._asking.busy:
            return
        job = self.followed.watch.id
        assert callable(call)
        self._asking.start(lambda progress, cancel: call(JobClient(), job))

    def _on_refused(self, sentence: str) -> None:
        self.said.emit(sentence, "error")

    def _draw(self) -> None:
        if self.followed is None:
            return
        watch = self.followed.watch
        self.status.show_text(run_text(watch))
        fraction = 0.0 if watch.progress is None else watch.progress.fraction
        self.bar.setValue(round(_SCALE * fraction))
        self.bar.setVisible(watch.alive and not self.gone)
        free = not self._asking.busy and not self.gone
        self.pause.setVisible(watch.alive)
        self.cancel.setVisible(watch.alive or watch.state is State.PAUSED)
        self.resume.setVisible(watch.resumable)
        for one in (self.pause, self.cancel, self.resume):
            one.setEnabled(free)
        if watch.state is not self._state:
            self._state = watch.state
            self.changed.emit()
