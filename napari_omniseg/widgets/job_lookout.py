"""Keeps an eye on all jobs, and an ear on one."""

from __future__ import annotations

import time

from qtpy.QtCore import QObject, QTimer, Signal

from napari_omniseg.models.job_look import Look, look
from napari_omniseg.widgets.background import Background
from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.jobs.client import POLL_EVERY_MS, JobClient
from omniseg_backend.jobs.events import Event

#: Milliseconds between two looks at all jobs. They tell of crashes and of jobs that others
#: submitted; what the followed job does is told by its events, within 300 ms.
LOOK_EVERY_MS = 2000
#: Seconds that polls of one tick may take together: the history of a job that ran for hours is
#: told in some seconds, and clicks are still answered at once.
_BUDGET = 0.008


class JobLookout(QObject):
    """Looks at all jobs on another thread, every two seconds; follows one by short polls.

    Signals:
        seen: A ``Look``.
        told: An event of the followed job.
        gone: The followed job is no longer there.
        failed: The sentence that the user must see; told once, until a look succeeds.
        recovered: A look has succeeded after one that failed.
    """

    seen = Signal(object)
    told = Signal(object)
    gone = Signal(str)
    failed = Signal(str)
    recovered = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.client = JobClient()
        self.job = ""
        self._again = False
        self._last_failure = ""
        self._looking: Background[Look] = Background(self)
        self._looking.returned.connect(self._on_seen)
        self._looking.failed.connect(self._on_failed)
        self._looking.busy_changed.connect(self._look_again)
        self._look_timer = QTimer(self)
        self._look_timer.setInterval(LOOK_EVERY_MS)
        self._look_timer.timeout.connect(self.look_soon)
        self._poll_timer = QTimer(self)
        self._poll_timer.setInterval(POLL_EVERY_MS)
        self._poll_timer.timeout.connect(self.poll)

    @property
    def awake(self) -> bool:
        """Whether it looks and listens from time to time."""
        return self._look_timer.isActive() or self._poll_timer.isActive() or self._looking.busy

    @property
    def looking(self) -> bool:
        """Whether a look is under way."""
        return self._looking.busy

    def start(self) -> None:
        """Look now and from now on."""
        self._look_timer.start()
        self._poll_timer.start()
        self.look_soon()

    def stop(self) -> None:
        """Look no more; what is being looked at is not told."""
        self._look_timer.stop()
        self._poll_timer.stop()
        self._again = False
        self._looking.cancel()

    def look_soon(self) -> None:
        """Look at once, or as soon as the present look has ended."""
        if self._looking.busy:
            self._again = True
            return
        self._again = False
        job, root = self.job, self.client.store.root
        self._looking.start(lambda _progress, _cancel: look(job, root))

    def follow(self, job: str) -> None:
        """Have everything of a job told, from its first event; nothing of the last one any more.

        Args:
            job: Its id; empty for none.
        """
        self.client.unfollow(self.job)
        self.job = job
        if job:
            try:
                self.client.follow(job, self._on_event)
            except OmniSegError as error:
                self.failed.emit(str(error))
        if self._look_timer.isActive():
            self.look_soon()

    def poll(self) -> None:
        """Tell what has happened to the followed job; takes some milliseconds at most."""
        until = time.perf_counter() + _BUDGET
        while self.client.poll() and time.perf_counter() < until:
            pass

    def _on_event(self, job: str, event: Event) -> None:
        if job == self.job:
            self.told.emit(event)

    def _on_seen(self, seen: Look) -> None:
        if self._last_failure:
            self._last_failure = ""
            self.recovered.emit()
        self.seen.emit(seen)
        if self.job and seen.job == self.job and seen.details is None:
            gone, self.job = self.job, ""
            self.client.unfollow(gone)
            self.gone.emit(gone)

    def _on_failed(self, sentence: str) -> None:
        if sentence != self._last_failure:
            self._last_failure = sentence
            self.failed.emit(sentence)

    def _look_again(self, busy: bool) -> None:
        if not busy and self._again:
            self.look_soon()
