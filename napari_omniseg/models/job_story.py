"""What has happened to one job, from its events."""

from __future__ import annotations

from omniseg_backend.jobs.events import (
    Event,
    Failed,
    Finished,
    Previewed,
    Progressed,
    Queued,
    Started,
    Stopped,
    Warned,
)


class JobStory:
    """Gathers events, oldest first; what an attempt failed by is forgotten when the next begins.

    Attributes:
        progress: How far the work is; None while it does not run.
        error: Why it failed; empty if it did not.
        faults: All of them, where there are several.
        warnings: Each once, in the order of their first coming.
        preview: The latest picture.
    """

    def __init__(self) -> None:
        self.progress: Progressed | None = None
        self.error = ""
        self.faults: tuple[str, ...] = ()
        self.warnings: list[str] = []
        self.preview: Previewed | None = None

    def take(self, event: Event) -> bool:
        """Take an event; gives whether it changed the job's state."""
        if isinstance(event, Progressed):
            self.progress = event
        elif isinstance(event, Previewed):
            self.preview = event
        elif isinstance(event, Warned) and event.sentence not in self.warnings:
            self.warnings.append(event.sentence)
        if not isinstance(event, Queued | Started | Stopped | Failed | Finished):
            return False
        self.progress = None
        self.error = event.sentence if isinstance(event, Failed) else ""
        self.faults = event.details if isinstance(event, Failed) else ()
        return True
