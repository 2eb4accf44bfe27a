"""The states of a job, and which may follow which."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from omniseg_backend.common.errors import UsageError


class State(enum.StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    FAILED = "failed"
    FINISHED = "finished"


#: Stopped before the end; ``resume`` puts them into the queue again.
RESUMABLE = frozenset({State.PAUSED, State.INTERRUPTED, State.CANCELLED, State.FAILED})

#: Nobody waits for these any more: ``purge`` may take them away. A paused or interrupted job
#: holds work that its user means to go on with.
ENDED = frozenset({State.CANCELLED, State.FAILED, State.FINISHED})

FOLLOWERS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.QUEUED: frozenset({State.RUNNING, State.PAUSED, State.CANCELLED, State.FAILED}),
        State.RUNNING: frozenset(
            {State.PAUSED, State.INTERRUPTED, State.CANCELLED, State.FAILED, State.FINISHED}
        ),
        State.PAUSED: frozenset({State.QUEUED, State.CANCELLED}),
        State.INTERRUPTED: frozenset({State.QUEUED, State.CANCELLED}),
        State.CANCELLED: frozenset({State.QUEUED}),
        State.FAILED: frozenset({State.QUEUED}),
        State.FINISHED: frozenset(),
    }
)


def check_transition(job: str, before: State, after: State) -> None:
    """Refuse a change of state that the table does not hold.

    Raises:
        UsageError: ``after`` may not follow ``before``.
    """
    if after in FOLLOWERS[before]:
        return
    allowed = sorted(state for state, followers in FOLLOWERS.items() if after in followers)
    raise UsageError(
        f"job {job}",
        found=f"a job that is {before}",
        expected=f"one that is {' or '.join(allowed)}, to become {after}",
        remedy="see `omniseg jobs list`",
    )
