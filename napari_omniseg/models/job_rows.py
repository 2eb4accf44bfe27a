"""A job as a line of a table: its state in a sign and words, how far it is, what may be done."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from omniseg_backend.jobs.client import JobView
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.state_file import JobState, NewerJobError
from omniseg_backend.jobs.states import ENDED, RESUMABLE, State


class Action(enum.StrEnum):
    """What a user may ask of a job."""

    PAUSE = "pause"
    CANCEL = "cancel"
    RESUME = "resume"
    REMOVE = "remove"


#: A sign as well as words, for those who look at the column and not at each line.
SIGNS: Mapping[State, str] = MappingProxyType(
    {
        State.QUEUED: "○",
        State.RUNNING: "▶",
        State.PAUSED: "‖",
        State.INTERRUPTED: "⚠",
        State.CANCELLED: "✕",
        State.FAILED: "✖",
        State.FINISHED: "✔",
    }
)
_UNREADABLE, _NEWER = "⚠ unreadable", "? newer version"
_MINUTE, _HOUR = 60, 3600


@dataclasses.dataclass(frozen=True)
class JobRow:
    """One line.

    Attributes:
        id: The job's name.
        folder: Where it lies.
        state: Where it stands; None where it cannot be read.
        status: The same for people, with a sign.
        title: What it is; its id where it cannot be read.
        kind: Which kind; empty where it cannot be read.
        percent: How much of the stage is done, 0 to 100; None where nothing can be said.
        stage: What is being done, or why it failed.
        left: Until the stage ends, for people; may be empty.
        actions: What may be asked of it now.
        asked: To pause or to cancel, where it was asked that and has not done it yet.
        created: When it was submitted; None where it cannot be read.
        problem: Why it cannot be read or why it failed, in a sentence; may be empty.
        results: What it made: relative to its folder, or absolute.
    """

    id: str
    folder: Path
    state: State | None
    status: str
    title: str
    kind: str
    percent: int | None
    stage: str
    left: str
    actions: frozenset[Action]
    asked: Action | None
    created: datetime.datetime | None
    problem: str
    results: tuple[str, ...]


def rows_of(views: Iterable[JobView]) -> tuple[JobRow, ...]:
    """The table, newest job first; those that cannot be read come last."""
    views = tuple(views)
    readable = [view for view in views if view.record.state is not None]
    others = [view for view in views if view.record.state is None]
    return tuple(row_of(view) for view in (*reversed(readable), *others))


def row_of(view: JobView) -> JobRow:
    """One job's line; looks whether it was asked to stop."""
    record = view.record
    if record.state is None:
        return _unreadable(view)
    state = record.state
    running = state.state is State.RUNNING
    asked = _asked(record.folder) if running else None
    progress = view.progress if running else None
    return JobRow(
        id=record.id,
        folder=record.folder.path,
        state=state.state,
        status=_status(state, asked),
        title=state.title or record.id,
        kind=state.kind,
        percent=_percent(state, view),
        stage=progress.stage if progress is not None else state.error or "",
        left="" if progress is None else time_left(progress.remaining_seconds),
        actions=actions_of(state.state),
        asked=asked,
        created=_time(state.created),
        problem=state.error or "",
        results=state.results,
    )


def actions_of(state: State) -> frozenset[Action]:
    """What may be asked of a job in a state."""
    found = set()
    if state in (State.QUEUED, State.RUNNING):
        found.add(Action.PAUSE)
    if state not in ENDED:
        found.add(Action.CANCEL)
    if state in RESUMABLE:
        found.add(Action.RESUME)
    if state in ENDED | RESUMABLE or state is State.QUEUED:
        found.add(Action.REMOVE)
    return frozenset(found)


def time_left(seconds: float | None) -> str:
    """A rest for people: ``40 s``, ``12 min``, ``2 h 5 min``; empty where nothing is known."""
    if seconds is None:
        return ""
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    hours, minutes = divmod(round(seconds / _MINUTE), _MINUTE)
    return f"{hours} h {minutes} min"


def when(created: datetime.datetime | None, now: datetime.datetime | None = None) -> str:
    """A time in a few letters: ``today 11:03``, ``24 Nov 11:03``, ``24 Nov 2025``.

    Args:
        created: With a time zone; None for an empty text.
        now: The present, for tests.
    """
    if created is None:
        return ""
    present = now or datetime.datetime.now().astimezone()
    local = created.astimezone(present.tzinfo)
    if local.date() == present.date():
        return f"today {local:%H:%M}"
    return f"{local.day} {local:%b %H:%M}" if local.year == present.year else f"{local:%d %b %Y}"


def progress_words(stage: str, fraction: float, left: str) -> str:
    """What a running job does, how much of it is done and how long it takes still.

    Args:
        stage: What is being done; some say themselves how long.
        fraction: Of the stage, 0 to 1.
        left: As of ``time_left``.
    """
    words = f"{stage} ({fraction:.0%})" if stage else ""
    if not left or stage.endswith(" left"):
        return words
    return f"{words}, {left} left" if words else f"{left} left"


def awaited(row: JobRow, action: Action) -> bool:
    """Whether a job has still to do what it was asked."""
    if action is Action.RESUME:
        return row.state is State.QUEUED
    return row.asked is action


def _time(text: str) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _asked(folder: JobFolder) -> Action | None:
    if folder.cancel_flag.exists():
        return Action.CANCEL
    return Action.PAUSE if folder.pause_flag.exists() else None


def _status(state: JobState, asked: Action | None) -> str:
    words = {Action.CANCEL: "cancelling", Action.PAUSE: "pausing"}
    return f"{SIGNS[state.state]} {state.state if asked is None else words[asked]}"


def _percent(state: JobState, view: JobView) -> int | None:
    if state.state is State.FINISHED:
        return 100
    if view.progress is None or state.state is State.QUEUED:
        return None
    # Only what is done counts: 100 says that it is over.
    return min(99, int(view.progress.fraction * 100))


def _unreadable(view: JobView) -> JobRow:
    problem = view.record.problem
    newer = isinstance(problem, NewerJobError)
    return JobRow(
        id=view.id,
        folder=view.record.folder.path,
        state=None,
        status=_NEWER if newer else _UNREADABLE,
        title=view.id,
        kind="",
        percent=None,
        stage="",
        left="",
        actions=frozenset() if newer else frozenset({Action.REMOVE}),
        asked=None,
        created=None,
        problem=str(problem),
        results=(),
    )
