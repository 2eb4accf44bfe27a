"""A job as it goes on: what it does, how far it is, and stopping it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from napari_omniseg.models.run_text import lost_text, run_text
from napari_omniseg.widgets.background import Background
from napari_omniseg.widgets.controls import button, described
from napari_omniseg.widgets.sections import TextLine
from omniseg_backend.jobs.states import State

if TYPE_CHECKING:
    from napari_omniseg.models.fine_tuning_jobs import Look
    from napari_omniseg.models.job_watch import Followed

#: Milliseconds between two looks at the job's state, which tell of a crash: no event does.
_LOOK_EVERY_MS = 2000
_SCALE = 1000

Request = Literal["pause", "resume", "cancel"]


class JobProgress(QWidget):
    """Follows a job; pauses, cancels and resumes it.

    Args:
        done: What is said when it has finished.
        what: The job, in the names of its controls: a panel may follow several.
        parent: As of every widget.

    Attributes:
        followed: The job; None for none.
        gone: Whether nothing more can be known of it: its folder is gone, or damaged.

    Signals:
        told: The job has told something.
        changed: The job's state has changed.
        said: A sentence for the user, and its kind.
    """

    told = Signal()
    changed = Signal()
    said = Signal(str, str)

    def __init__(self, done: str, *, what: str = "the job", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.followed: Followed | None = None
        self.gone = False
        self._done = done
        self._before = 0
        self._state: State | None = None
        self._asking: Background[object] = Background(self)
        self._asking.failed.connect(lambda sentence: self.said.emit(sentence, "error"))
        self._asking.busy_changed.connect(self._draw)
        self._looking: Background[Look] = Background(self)
        self._looking.returned.connect(self._on_look)
        self._looking.failed.connect(self._on_lost)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.status = TextLine(f"what {what} does")
        column.addWidget(self.status)
        self.bar = described(QProgressBar(), f"progress of {what}", "How far this stage is.")
        self.bar.setRange(0, _SCALE)
        self.bar.setTextVisible(False)
        column.addWidget(self.bar)
        self.pause = button("Pause", "Stop where it can go on from exactly.")
        self.resume = button("Resume", "Go on from the last checkpoint.")
        self.cancel = button("Cancel", "Stop within two seconds; it can be resumed later.")
        for one in (self.pause, self.resume, self.cancel):
            one.setAccessibleName(f"{one.text()} {what}")
        row = QHBoxLayout()
        self._steer(row, self.pause, "pause")
        self._steer(row, self.resume, "resume")
        self._steer(row, self.cancel, "cancel")
        column.addLayout(row)
        self._poll = QTimer(self)
        self._poll.timeout.connect(self.poll)
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_EVERY_MS)
        self._look.timeout.connect(self._look_again)
        self.hide()

    def show_job(self, followed: Followed | None) -> None:
        """Show a job in place of the last one; None for none."""
        self.followed, self.gone, self._state, self._before = followed, False, None, 0
        self.setVisible(followed is not None)
        if followed is None:
            self.rest()
            return
        self.wake()
        self._draw()
        self.told.emit()

    def wake(self) -> None:
        """Follow the job, from where it was left."""
        if self.followed is None or self.gone:
            return
        from omniseg_backend.jobs.client import POLL_EVERY_MS

        self._poll.start(POLL_EVERY_MS)
        self._look.start()

    def rest(self) -> None:
        """Follow no longer; the job goes on."""
        self._poll.stop()
        self._look.stop()

    def poll(self) -> None:
        """Take in what the job has told: a bounded piece of work."""
        if self.followed is not None and self.followed.client.poll():
            self._draw()
            self.told.emit()

    @property
    def polling(self) -> bool:
        """Whether it looks at what the job tells."""
        return bool(self._poll.isActive())

    @property
    def running(self) -> bool:
        """Whether the job runs or waits to."""
        return self.followed is not None and self.followed.watch.alive and not self.gone

    def _steer(self, row: QHBoxLayout, control: QWidget, request: Request) -> None:
        def clicked() -> None:
            if self.followed is not None and not self._asking.busy:
                job = self.followed.watch.id
                self._asking.start(lambda progress, cancel: _steered(job, request))

        control.clicked.connect(clicked)
        row.addWidget(control)

    def _look_again(self) -> None:
        watch = None if self.followed is None else self.followed.watch
        if watch is None or self._looking.busy or self.gone:
            return
        job = watch.id
        self._looking.start(lambda progress, cancel: _looked(job))

    def _on_look(self, seen: Look) -> None:
        if self.followed is not None and seen.view.id == self.followed.watch.id:
            self._before = seen.before
            self._draw()

    def _on_lost(self, sentence: str) -> None:
        self.gone = True
        self.rest()
        self.said.emit(sentence, "error")
        self._draw()
        self.changed.emit()

    def _draw(self) -> None:
        if self.followed is None:
            return
        watch = self.followed.watch
        if self.gone:
            text = lost_text(there=watch.folder.path.is_dir())
        else:
            text = run_text(watch, self._done, self._before)
        self.status.show_text(text)
        self.bar.setValue(0 if watch.progress is None else round(_SCALE * watch.progress.fraction))
        self.bar.setVisible(self.running)
        self.pause.setVisible(self.running)
        self.cancel.setVisible(self.running or (watch.state is State.PAUSED and not self.gone))
        self.resume.setVisible(watch.resumable and not self.gone)
        for one in (self.pause, self.cancel, self.resume):
            one.setEnabled(not self._asking.busy)
        if watch.state is not self._state:
            self._state = watch.state
            self.changed.emit()


def _steered(job: str, request: Request) -> None:
    """Ask something of a job. The rooms of jobs are imported here, beside the main thread."""
    from omniseg_backend.jobs.client import JobClient

    client = JobClient()
    match request:
        case "pause":
            client.pause(job)
        case "resume":
            client.resume(job)
        case "cancel":
            client.cancel(job)


def _looked(job: str) -> Look:
    from napari_omniseg.models.fine_tuning_jobs import look

    return look(job)
