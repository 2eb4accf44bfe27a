"""The client: everything told once, in bounded pieces, at the very next poll, without threads."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from omniseg_backend.common.errors import ResourceError, UsageError
from omniseg_backend.jobs.client import _EVENTS_A_POLL, JobClient
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Event, Finished, Measured
from omniseg_backend.jobs.spec_file import parse_spec
from omniseg_backend.jobs.states import State
from tests.jobs.conftest import Jobs, wait_until


def test_everything_that_happened_is_told_in_order(jobs: Jobs) -> None:
    job = jobs.submit(steps=4)
    told: list[tuple[str, Event]] = []
    jobs.client.follow(job, lambda name, event: told.append((name, event)))

    def ended() -> bool:
        jobs.client.poll()
        return any(isinstance(event, Finished) for _, event in told)

    wait_until(ended, "the end is told")
    assert told == [(job, event) for event in all_events(jobs.folder_of(job).events)]
    assert jobs.client.poll() == 0


def test_an_event_is_told_at_the_next_poll_and_to_a_client_that_comes_later(jobs: Jobs) -> None:
    job = jobs.client.store.create(jobs.spec()).id
    log = jobs.folder_of(job).log_events()
    told: list[Event] = []
    jobs.client.follow(job, lambda _, event: told.append(event))
    assert jobs.client.poll() == 1
    for step in range(3):
        measured = Measured(group="loss", step=step, values={"loss": 0.5})
        log.append(measured)
        assert jobs.client.poll() == 1
        assert told[-1] == measured
    late = JobClient()
    again: list[Event] = []
    late.follow(job, lambda _, event: again.append(event))
    late.poll()
    assert again == told


def test_a_poll_is_bounded_and_starves_no_job(jobs: Jobs) -> None:
    made = [jobs.client.store.create(jobs.spec()).id for _ in range(2)]
    counts = dict.fromkeys(made, 0)

    def count(job: str, _event: Event) -> None:
        counts[job] += 1

    for job in made:
        jobs.client.follow(job, count)
    log = jobs.folder_of(made[0]).log_events()
    for step in range(3 * _EVENTS_A_POLL):
        log.append(Measured(group="loss", step=step, values={}))
    assert jobs.client.poll() == _EVENTS_A_POLL
    jobs.client.poll()
    assert counts[made[1]] == 1
    wait_until(lambda: jobs.client.poll() == 0, "all is told")
    assert counts[made[0]] == 3 * _EVENTS_A_POLL + 1


def test_no_thread_is_started(jobs: Jobs) -> None:
    before = threading.active_count()
    job = jobs.submit(steps=1)
    jobs.client.follow(job, lambda *_: None)
    jobs.client.poll()
    jobs.wait_for(job, State.FINISHED)
    assert threading.active_count() == before


def test_a_job_that_vanished_is_no_error_for_who_follows_it(jobs: Jobs) -> None:
    job = jobs.client.store.create(jobs.spec()).id
    jobs.client.follow(job, lambda *_: None)
    JobClient().remove(job)
    assert jobs.client.poll() == 0
    assert jobs.client.jobs() == ()
    with pytest.raises(UsageError, match="no such job"):
        jobs.client.pause(job)


def test_two_clients_see_the_same_list(jobs: Jobs) -> None:
    job = jobs.submit(gate=str(jobs.gate))
    jobs.open_gate(1)
    jobs.wait_for_step(job, 1)
    mine, theirs = jobs.client.jobs(), JobClient().jobs()
    assert [view.id for view in mine] == [view.id for view in theirs] == [job]
    assert theirs[0].record.known.state is State.RUNNING


def test_a_training_without_a_python_that_trains_is_not_queued(
    jobs: Jobs, home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir(exist_ok=True)
    (home / "config.json").write_text('{"training_interpreter": "/gone/python"}')
    spec = parse_spec({"kind": "train", "settings": {"dataset": "data"}})
    with pytest.raises(ResourceError, match="a training_interpreter that is gone"):
        jobs.client.submit(spec)
    assert jobs.client.jobs() == ()


def test_a_client_loads_no_numbers() -> None:
    program = "import omniseg_backend.jobs.client, sys; print(*sys.modules, sep='\\n')"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "onnx", "onnxruntime", "scipy", "torch", "SimpleITK"}
    assert heavy & set(told.stdout.split()) == set()
