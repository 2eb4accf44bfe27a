"""Where things lie in a job's folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from omniseg_backend.jobs.event_log import EventLog


@dataclasses.dataclass(frozen=True)
class JobFolder:
    """``jobs/ID/``.

    Attributes:
        path: The folder itself, readable by the user alone.
    """

    path: Path

    @property
    def id(self) -> str:
        """The job's name."""
        return self.path.name

    @property
    def spec(self) -> Path:
        """What was asked."""
        return self.path / "spec.json"

    @property
    def state(self) -> Path:
        """Where it stands."""
        return self.path / "state.json"

    @property
    def events(self) -> Path:
        """What happened."""
        return self.path / "events.jsonl"

    @property
    def log(self) -> Path:
        """The runner's output."""
        return self.path / "log.txt"

    @property
    def checkpoints(self) -> Path:
        """What an interrupted job goes on from."""
        return self.path / "checkpoints"

    @property
    def partial(self) -> Path:
        """Results in the making; they become ``result`` in one step at the end."""
        return self.checkpoints / "partial"

    @property
    def result(self) -> Path:
        """What a finished job made; before its end there is none."""
        return self.path / "result"

    @property
    def previews(self) -> Path:
        """Pictures of the work as it goes on."""
        return self.path / "previews"

    @property
    def traceback(self) -> Path:
        """Where in the code the last unforeseen error arose."""
        return self.path / "traceback.txt"

    @property
    def lock(self) -> Path:
        """Held by whoever may change the state: the runner, or for a moment a client."""
        return self.path / "lock"

    @property
    def pause_flag(self) -> Path:
        """There while a pause is asked for."""
        return self.path / "pause"

    @property
    def cancel_flag(self) -> Path:
        """There while cancelling is asked for."""
        return self.path / "cancel"

    def log_events(self) -> EventLog:
        """Appends to ``events``."""
        return EventLog(self.events)
