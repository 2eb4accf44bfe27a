"""What a front end holds: submits, lists, follows and controls jobs; starts no threads.

The front end calls ``poll`` from its own timer, ten times a second; each call does a bounded
piece of work and calls back what has happened.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from omniseg_backend.jobs import control
from omniseg_backend.jobs.event_log import EventTail, last_progress
from omniseg_backend.jobs.events import Event, Progressed
from omniseg_backend.jobs.launch import interpreter_for
from omniseg_backend.jobs.queue import advance, settle
from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.jobs.state_file import JobState
from omniseg_backend.jobs.states import State
from omniseg_backend.jobs.store import JobRecord, JobStore

OnEvent = Callable[[str, Event], None]

#: Milliseconds between two calls of ``poll``: an event is then told within a third of what is
#: allowed (300 ms), and a call without news takes some tens of microseconds.
POLL_EVERY_MS = 100
#: Events that one call hands on at most; more than a runner writes in that time.
_EVENTS_A_POLL = 64


@dataclasses.dataclass(frozen=True)
class JobView:
    """A job as lists show it.

    Attributes:
        record: Its folder and state.
        progress: The latest, of a job that has begun.
    """

    record: JobRecord
    progress: Progressed | None

    @property
    def id(self) -> str:
        """The job's name."""
        return self.record.id


class JobClient:
    """All jobs of this user on this machine.

    Args:
        root: Where they lie; ``OMNISEG_HOME/jobs`` if nothing is said.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.store = JobStore(root)
        self._followed: dict[str, tuple[EventTail, OnEvent]] = {}

    def submit(self, spec: JobSpec) -> JobState:
        """Put a job into the queue and start it if it is due.

        Raises:
            OmniSegError: The job is bound to fail; see ``JobSpec.refuse_hopeless``.
            DataError: An output exists or cannot be written.
            ResourceError: The kind trains, and no Python that can is known.
        """
        interpreter_for(spec.kind)
        record = self.store.create(spec)
        advance(self.store)
        return self.store.record(record.id).known

    def jobs(self) -> tuple[JobView, ...]:
        """Every job, oldest first; what crashed is noted and what is due is started.

        Raises:
            DataError: The folder of all jobs cannot be read or written.
        """
        advance(self.store)
        return tuple(map(_view, self.store.records()))

    def job(self, job: str) -> JobView:
        """One job.

        Raises:
            UsageError: There is no such job.
        """
        return _view(settle(self.store.record(job)))

    def pause(self, job: str) -> JobState:
        """See ``control.pause``."""
        return control.pause(self.store, job)

    def cancel(self, job: str) -> JobState:
        """See ``control.cancel``."""
        return control.cancel(self.store, job)

    def resume(self, job: str) -> JobState:
        """See ``control.resume``."""
        interpreter_for(self.store.record(job).known.kind)
        return control.resume(self.store, job)

    def remove(self, job: str) -> None:
        """See ``JobStore.remove``."""
        self.unfollow(job)
        self.store.remove(job)

    def follow(self, job: str, on_event: OnEvent) -> None:
        """Have everything told that happened to a job and will happen, from its first event.

        Args:
            job: Its id.
            on_event: Called by ``poll`` with the id and the event.

        Raises:
            UsageError: There is no such job.
        """
        folder = self.store.record(job).folder
        self._followed[job] = (EventTail(folder.events), on_event)

    def unfollow(self, job: str) -> None:
        """Tell no more of a job."""
        self._followed.pop(job, None)

    def poll(self) -> int:
        """Call back what has happened; to be called from the front end's timer.

        Returns:
            How many events were told.
        """
        told = 0
        for job, (tail, on_event) in list(self._followed.items()):
            for event in tail.read(_EVENTS_A_POLL - told):
                on_event(job, event)
                told += 1
        # The fullest are asked last next time, so that none starves the others.
        self._followed = dict(sorted(self._followed.items(), key=lambda item: item[1][0].waiting))
        return told


def _view(record: JobRecord) -> JobView:
    begun = record.state is None or record.state.state is not State.QUEUED
    return JobView(record, last_progress(record.folder.events) if begun else None)
