"""Which job runs when: light ones at once, heavy ones one after the other.

There is no server. Whoever comes by does what is due, under one lock: a client that lists or
submits, and a runner that ends. So the next job starts when the one before it ends, and after a
crash as soon as anybody looks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from omniseg_backend.common.errors import OmniSegError
from omniseg_backend.common.platform import end_process_group, process_started
from omniseg_backend.common.reading import reading_errors
from omniseg_backend.jobs.changes import failed, launched, stopped
from omniseg_backend.jobs.launch import is_alive, launch
from omniseg_backend.jobs.lock import held
from omniseg_backend.jobs.state_file import JobState, load_state
from omniseg_backend.jobs.states import State
from omniseg_backend.jobs.store import JobRecord, JobStore

_log = logging.getLogger(__name__)

#: Whoever holds the queue's lock does so for some milliseconds.
_PATIENCE = 2.0
#: The runner ends itself two seconds after a request to cancel; this is for one that cannot.
OVERDUE = 4.0


def advance(store: JobStore) -> tuple[str, ...]:
    """Note what crashed, end what does not heed a request to cancel, start what is due.

    Returns:
        The jobs that were started.

    Raises:
        DataError: The store cannot be read or written.
    """
    with reading_errors(store.root, expected="the folder of all jobs"):
        if not store.root.is_dir():
            return ()
    with held(store.queue_lock, patience=_PATIENCE) as ours:
        if not ours:
            return ()
        records = [settle(record) for record in store.records()]
        started = [record.id for record in _due(records) if _start(record)]
    return tuple(started)


def settle(record: JobRecord) -> JobRecord:
    """A job as it is: one that is marked as running but has no runner was interrupted."""
    state = record.state
    if state is None or state.state is not State.RUNNING:
        return record
    _end_overdue(record, state)
    with held(record.folder.lock) as ours:
        if not ours:
            return record
        state = load_state(record.folder.state)
        if state.state is not State.RUNNING or (state.runner and is_alive(state.runner)):
            # It ended meanwhile, or its runner has not come to take the lock yet.
            return JobRecord(record.folder, state)
        _end_orphans(state)
        asked = record.folder.cancel_flag.exists()
        after = State.CANCELLED if asked else State.INTERRUPTED
        return JobRecord(record.folder, stopped(record.folder, state, after))


def _due(records: Iterable[JobRecord]) -> Iterable[JobRecord]:
    """Queued jobs to start now, in the order of their submission."""
    states = [(record, record.state) for record in records if record.state is not None]
    busy = any(state.heavy and state.state is State.RUNNING for _, state in states)
    for record, state in states:
        if state.state is not State.QUEUED:
            continue
        if state.heavy and busy:
            continue
        busy = busy or state.heavy
        yield record


def _start(record: JobRecord) -> bool:
    folder = record.folder
    with held(folder.lock) as ours:
        if not ours:
            return False
        state = load_state(folder.state)
        if state.state is not State.QUEUED:
            return False
        try:
            runner = launch(folder, state)
        except OmniSegError as error:
            failed(folder, state, str(error))
            return False
        # The runner waits for the lock that is held here, then finds itself named.
        launched(folder, state, runner)
        return True


def _end_orphans(state: JobState) -> None:
    """End what a killed runner had started: data loaders and helpers of a training."""
    # A process of this id that runs now is another one, and so is its group.
    if state.runner is not None and process_started(state.runner.process) is None:
        end_process_group(state.runner.process)


def _end_overdue(record: JobRecord, state: JobState) -> None:
    """End the group of a runner that was asked to cancel and did not, by its own clock."""
    try:
        asked = record.folder.cancel_flag.stat().st_mtime
    except OSError:
        return
    if state.runner is None or time.time() - asked < OVERDUE or not is_alive(state.runner):
        return
    _log.warning("job %s does not stop; its processes are ended", record.id)
    end_process_group(state.runner.process)
