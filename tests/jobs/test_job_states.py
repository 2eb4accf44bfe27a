from __future__ import annotations

import pytest

from omniseg_backend.common.errors import UsageError
from omniseg_backend.jobs.states import FOLLOWERS, RESUMABLE, State, check_transition


def test_every_state_has_followers_and_only_stopped_ones_are_queued_again() -> None:
    assert set(FOLLOWERS) == set(State)
    assert {state for state, after in FOLLOWERS.items() if State.QUEUED in after} == RESUMABLE


def test_the_end_is_the_end() -> None:
    assert FOLLOWERS[State.FINISHED] == frozenset()
    with pytest.raises(UsageError, match="found a job that is finished, expected one that is"):
        check_transition("train-1", State.FINISHED, State.QUEUED)


def test_a_running_job_can_end_in_every_way() -> None:
    assert FOLLOWERS[State.RUNNING] == RESUMABLE | {State.FINISHED}
