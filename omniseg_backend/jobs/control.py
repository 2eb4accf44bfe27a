"""What a user asks of a job: pause, cancel, resume."""

from __future__ import annotations

from omniseg_backend.common.atomic import writing_errors
from omniseg_backend.common.errors import UsageError
from omniseg_backend.jobs.changes import queued_again, stopped
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.lock import held
from omniseg_backend.jobs.queue import advance, settle
from omniseg_backend.jobs.state_file import JobState, load_state
from omniseg_backend.jobs.states import State, check_transition
from omniseg_backend.jobs.store import JobStore

#: Another client may hold a job's lock for the moment of a change.
_PATIENCE = 1.0


def pause(store: JobStore, job: str) -> JobState:
    """Stop a job where it can go on from, or keep a queued one from starting.

    Returns:
        Its state: still running until it has come to such a place.

    Raises:
        UsageError: There is no such job, or it cannot be paused.
        DataError: Its folder cannot be read or written.
    """
    return _stop(store, job, State.PAUSED)


def cancel(store: JobStore, job: str) -> JobState:
    """Stop a job within two seconds; what it had done until its last checkpoint stays.

    Returns:
        Its state: still running until it has stopped.

    Raises:
        UsageError: There is no such job, or it is over.
        DataError: Its folder cannot be read or written.
    """
    return _stop(store, job, State.CANCELLED)


def resume(store: JobStore, job: str) -> JobState:
    """Let a stopped job go on: at its place in the queue, from its last checkpoint.

    Raises:
        UsageError: There is no such job, or it did not stop.
        DataError: Its folder cannot be read or written, or is a later version's.
    """
    record = settle(store.record(job))
    check_transition(job, record.known.state, State.QUEUED)
    with held(record.folder.lock, patience=_PATIENCE) as ours:
        if not ours:
            raise _busy(job)
        queued_again(record.folder, load_state(record.folder.state))
    advance(store)
    return store.record(job).known


def _stop(store: JobStore, job: str, after: State) -> JobState:
    record = settle(store.record(job))
    check_transition(job, record.known.state, after)
    if record.known.state is not State.RUNNING:
        with held(record.folder.lock, patience=_PATIENCE) as ours:
            if ours:
                state = load_state(record.folder.state)
                if state.state is not State.RUNNING:
                    return stopped(record.folder, state, after)
    _raise_flag(record.folder, after)
    return store.record(job).known


def _raise_flag(folder: JobFolder, after: State) -> None:
    flag = folder.cancel_flag if after is State.CANCELLED else folder.pause_flag
    with writing_errors(flag):
        flag.touch()


def _busy(job: str) -> UsageError:
    return UsageError(
        f"job {job}",
        found="another program that works on it",
        expected="a job that nobody else changes",
        remedy="try again",
    )
