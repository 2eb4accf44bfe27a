"""The process that does one job: ``python -m omniseg_backend.jobs.runner FOLDER``.

It holds the job's lock while it lives, so that a look at the lock tells whether it does.
"""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import sys
import threading
from pathlib import Path
from types import TracebackType

from omniseg_backend.common.errors import CancelledError, OmniSegError
from omniseg_backend.common.platform import end_process_group, lower_priority, process_started
from omniseg_backend.common.progress import no_progress
from omniseg_backend.jobs.changes import failed, finished, stopped
from omniseg_backend.jobs.context import JobContext, StageProgress
from omniseg_backend.jobs.events import Started
from omniseg_backend.jobs.failure import sentence_of, write_traceback
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.lock import held
from omniseg_backend.jobs.publish import publish
from omniseg_backend.jobs.queue import advance
from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.jobs.spec_file import load_spec
from omniseg_backend.jobs.state_file import JobState, Runner, load_state
from omniseg_backend.jobs.states import State
from omniseg_backend.jobs.store import JobStore
from omniseg_backend.jobs.watchdog import Watchdog
from omniseg_backend.jobs.work.protocol import Work

_log = logging.getLogger("omniseg_backend.jobs")

#: Whoever started this process holds the lock until it has written down that it did.
_PATIENCE = 30.0


def main() -> None:
    """Do the job of the folder that is named on the command line."""
    folder = JobFolder(Path(sys.argv[1]).absolute())
    _log_to_file()
    if _is_follower():
        _help(folder)
        return
    with held(folder.lock, patience=_PATIENCE) as ours:
        if not ours or load_state(folder.state).state is not State.RUNNING:
            # Somebody else does it, or it was ended before this process came to it.
            return
        _do(folder)
    advance(JobStore(folder.path.parent))


def _do(folder: JobFolder) -> None:
    state = _taken(folder)
    if state.heavy:
        # A viewer that segments meanwhile goes first.
        lower_priority()
    with _Attempt(folder, state) as attempt:
        spec = load_spec(folder.spec)
        shutil.rmtree(folder.partial, ignore_errors=True)
        folder.partial.mkdir(parents=True)
        _clear_leftovers(folder)
        context = JobContext(folder, progress=StageProgress(folder.log_events()))
        outputs = _work(spec.work)(spec, context)
        attempt.results = publish(context, outputs, overwrite=spec.overwrite)


class _Attempt:
    """Around the work: however it ends, its end is written down once."""

    def __init__(self, folder: JobFolder, state: JobState) -> None:
        self._folder = folder
        self._state = state
        self._context = JobContext(folder, progress=no_progress)
        self._ending = threading.Lock()
        self._watchdog = Watchdog(self._context.cancel, self._end_by_force)
        self.results: tuple[str, ...] = ()

    def __enter__(self) -> _Attempt:
        self._watchdog.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        # Held for good: when the watchdog comes too late, it waits until the process ends.
        self._ending.acquire()
        self._watchdog.stop()
        try:
            self._write_down(error)
        except OmniSegError as unwritten:
            # A full disk: whoever looks next finds a job without a runner, hence interrupted.
            _log.error("%s", unwritten)
        return True

    def _write_down(self, error: BaseException | None) -> None:
        folder, state = self._folder, self._state
        if error is None:
            finished(folder, state, self.results)
        elif isinstance(error, CancelledError):
            stopped(folder, state, self._stop_state())
        elif isinstance(error, OmniSegError | MemoryError):
            details = error.details if isinstance(error, OmniSegError) else ()
            # The sentence of an error that stands for several repeats the first of them.
            for sentence in details or (sentence_of(error),):
                _log.error("%s", sentence)
            failed(folder, state, sentence_of(error), details=details)
        else:
            write_traceback(error, folder.traceback)
            failed(folder, state, sentence_of(error), folder.traceback.name)

    def _stop_state(self) -> State:
        if self._context.cancel.cancelled:
            return State.CANCELLED
        return State.PAUSED if self._context.cancel.paused else State.INTERRUPTED

    def _end_by_force(self) -> None:
        """The work did not stop in time: this process and all that it started end now."""
        self._ending.acquire()
        try:
            stopped(self._folder, self._state, State.CANCELLED)
            advance(JobStore(self._folder.path.parent))
        finally:
            end_process_group(os.getpid())
            os._exit(CancelledError.exit_code)


def _taken(folder: JobFolder) -> JobState:
    """The job's state with this process as its runner."""
    process = os.getpid()
    runner = Runner(process=process, started=process_started(process) or 0.0)
    state = load_state(folder.state).model_copy(update={"runner": runner})
    state.save(folder.state)
    folder.log_events().append(Started(attempt=max(1, state.attempts), process=process))
    return state


def _work(place: str) -> Work[JobSpec]:
    """The function that a kind's spec names."""
    module, _, name = place.partition(":")
    work: Work[JobSpec] = getattr(importlib.import_module(module), name)
    return work


def _is_follower() -> bool:
    """Whether this process only helps another runner, one per device of a training."""
    return os.environ.get("LOCAL_RANK", "0") != "0"


def _help(folder: JobFolder) -> None:
    spec = load_spec(folder.spec)
    _work(spec.work)(spec, JobContext(folder, progress=no_progress))


def _clear_leftovers(folder: JobFolder) -> None:
    """Remove what a kill left of files that were being written."""
    for left in folder.checkpoints.rglob(".omniseg-*"):
        shutil.rmtree(left, ignore_errors=True)


def _log_to_file() -> None:
    """Let our own messages reach stderr, which is the job's log, and nobody else's.

    Other libraries' messages and warnings may quote what a DICOM header says of a patient.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    ours = logging.getLogger("omniseg_backend")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
    logging.captureWarnings(capture=True)
    logging.getLogger().addHandler(logging.NullHandler())


if __name__ == "__main__":
    main()
