"""What a job does, in a line or two."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from omniseg_backend.jobs.states import State

if TYPE_CHECKING:
    from napari_omniseg.models.job_watch import JobWatch


def run_text(watch: JobWatch, done: str, before: int = 0) -> str:
    """State, stage and expected end.

    Args:
        watch: The job.
        done: What is said when it has finished.
        before: How many heavy jobs are to end before it starts.
    """
    match watch.state:
        case State.QUEUED:
            return _waiting(before)
        case State.RUNNING:
            return _running(watch)
        case State.PAUSED:
            return "Paused. Resume goes on exactly where it stopped."
        case State.INTERRUPTED:
            return "Interrupted: its process was ended. Resume goes on from the last checkpoint."
        case State.CANCELLED:
            return "Cancelled. Resume goes on from the last checkpoint."
        case State.FAILED:
            return f"Failed. {watch.error or ''}".rstrip()
        case State.FINISHED:
            return done


def lost_text(*, there: bool) -> str:
    """What is said in place of a job's state that cannot be read.

    Args:
        there: Whether its folder still is.
    """
    if there:
        return "Its state cannot be read; whether it still runs is not known."
    return "Its folder is gone; nothing more is known of it."


def clock(when: datetime.datetime, now: datetime.datetime | None = None) -> str:
    """A time as people say it: ``14:32``, with the weekday where it is not today.

    Args:
        when: With a time zone.
        now: The present, for tests.
    """
    today = (now or datetime.datetime.now(when.tzinfo)).date()
    return when.strftime("%H:%M") if when.date() == today else when.strftime("%A %H:%M")


def _waiting(before: int) -> str:
    if not before:
        return "Waits to be started."
    return f"Waits for {before} other {'job' if before == 1 else 'jobs'} to end."


def _running(watch: JobWatch) -> str:
    if watch.progress is None:
        return "Starting."
    stage = watch.progress.stage
    text = f"{stage[:1].upper()}{stage[1:]}."
    end = watch.expected_end
    return text if end is None else f"{text} This stage ends about {clock(end)}."
