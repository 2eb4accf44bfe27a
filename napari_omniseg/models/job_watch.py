"""What has happened to one job so far, put together from its events."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.events import (
    Event,
    Failed,
    Finished,
    Measured,
    Previewed,
    Progressed,
    Queued,
    Started,
    Stopped,
    Warned,
)
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.states import ENDED, RESUMABLE, State

#: States in which a runner works on a job, or will without anybody's doing.
ALIVE = frozenset({State.QUEUED, State.RUNNING})


class JobWatch:
    """A job as its events tell it; ``take`` is a follower's callback.

    Attributes:
        folder: The job's.
        title: What lists show.
        state: Where it stands.
        progress: The latest, of this attempt.
        warnings: What it wants to be seen, in order.
        preview: The latest picture.
        error: Why it failed, for people; None while it has not.
        details: Every fault, where there are several.
        results: What it made.
    """

    def __init__(self, folder: JobFolder, title: str = "") -> None:
        self.folder = folder
        self.title = title
        self.state = State.QUEUED
        self.progress: Progressed | None = None
        self.warnings: list[str] = []
        self.preview: Previewed | None = None
        self.error: str | None = None
        self.details: tuple[str, ...] = ()
        self.results: tuple[str, ...] = ()
        self._fresh: list[Measured] = []

    @property
    def id(self) -> str:
        """The job's name."""
        return self.folder.id

    def take(self, job: str, event: Event) -> None:
        """Note an event; as ``JobClient.follow`` hands them on."""
        match event:
            case Queued():
                self.state, self.progress, self.error, self.details = State.QUEUED, None, None, ()
            case Started():
                self.state = State.RUNNING
            case Progressed():
                self.progress = event
            case Measured():
                self._fresh.append(event)
            case Previewed():
                self.preview = event
            case Warned() if event.sentence not in self.warnings:
                self.warnings.append(event.sentence)
            case Stopped():
                self.state = State(event.state)
            case Failed():
                self.state, self.error, self.details = State.FAILED, event.sentence, event.details
            case Finished():
                self.state, self.results = State.FINISHED, event.results

    def fresh_figures(self) -> list[Measured]:
        """Figures that were not given before, oldest first."""
        fresh, self._fresh = self._fresh, []
        return fresh

    @property
    def alive(self) -> bool:
        """Whether it runs or waits to run."""
        return self.state in ALIVE

    @property
    def resumable(self) -> bool:
        """Whether it stopped and can go on."""
        return self.state in RESUMABLE

    @property
    def ended(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.state in ENDED

    @property
    def picture(self) -> Path | None:
        """The file of the latest preview."""
        return None if self.preview is None else self.folder.path / self.preview.picture

    @property
    def expected_end(self) -> datetime.datetime | None:
        """When the stage that runs will end, by this machine's clock; None where nobody knows."""
        told = self.progress
        if self.state is not State.RUNNING or told is None or told.remaining_seconds is None:
            return None
        when = datetime.datetime.fromisoformat(told.time)
        return (when + datetime.timedelta(seconds=told.remaining_seconds)).astimezone()


@dataclasses.dataclass(frozen=True, eq=False)
class Followed:
    """A job with the client that follows it; the client follows nothing else.

    Attributes:
        client: To be polled on the thread that owns the watch from now on.
        watch: What it has told so far.
    """

    client: JobClient
    watch: JobWatch

    @classmethod
    def begin(cls, job: str) -> Followed:
        """Follow a job from its first event and take in all that has happened.

        Reads files; to be called beside the main thread, which then polls.

        Raises:
            UsageError: There is no such job.
            DataError: Its folder is damaged, or a later version's.
        """
        client = JobClient()
        record = client.job(job).record
        watch = JobWatch(record.folder, record.known.title)
        client.follow(job, watch.take)
        while client.poll():
            pass
        return cls(client, watch)
