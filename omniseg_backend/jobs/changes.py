"""Changing a job's state, by whoever holds its lock."""

from __future__ import annotations

from omniseg_backend.jobs.events import Event, Failed, Finished, Queued, Stopped, now
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.state_file import JobState, Runner
from omniseg_backend.jobs.states import State, check_transition


def change(folder: JobFolder, state: JobState, after: State, **fields: object) -> JobState:
    """Write a new state.

    Args:
        folder: The job's; the caller holds its lock.
        state: As it is now.
        after: What it becomes.
        fields: Further fields of the state.

    Raises:
        UsageError: ``after`` may not follow.
    """
    check_transition(state.id, state.state, after)
    changed = state.model_copy(
        update={"state": after, "changed": now(), "runner": None, "error": None, **fields}
    )
    changed.save(folder.state)
    return changed


def launched(folder: JobFolder, state: JobState, runner: Runner) -> JobState:
    """A runner was started for a queued job."""
    return change(folder, state, State.RUNNING, runner=runner, attempts=state.attempts + 1)


def queued_again(folder: JobFolder, state: JobState) -> JobState:
    """A stopped job is to go on."""
    folder.pause_flag.unlink(missing_ok=True)
    folder.cancel_flag.unlink(missing_ok=True)
    folder.traceback.unlink(missing_ok=True)
    return _told(folder, change(folder, state, State.QUEUED), Queued())


def stopped(folder: JobFolder, state: JobState, after: State) -> JobState:
    """A job was paused, interrupted or cancelled."""
    folder.pause_flag.unlink(missing_ok=True)
    folder.cancel_flag.unlink(missing_ok=True)
    # The event is written first: a follower that sees the new state has seen all events.
    folder.log_events().append(Stopped.model_validate({"state": after}))
    return change(folder, state, after)


def failed(
    folder: JobFolder,
    state: JobState,
    sentence: str,
    traceback: str | None = None,
    details: tuple[str, ...] = (),
) -> JobState:
    """A job ended by an error."""
    event = Failed(sentence=sentence, traceback=traceback, details=details)
    folder.log_events().append(event)
    return change(folder, state, State.FAILED, error=sentence)


def finished(folder: JobFolder, state: JobState, results: tuple[str, ...]) -> JobState:
    """A job is done."""
    folder.log_events().append(Finished(results=results))
    return change(folder, state, State.FINISHED, results=results)


def _told(folder: JobFolder, state: JobState, event: Event) -> JobState:
    folder.log_events().append(event)
    return state
