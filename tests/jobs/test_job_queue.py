"""One heavy job at a time, in order, by whichever client comes by; light ones at once."""

from __future__ import annotations

import subprocess
import sys

import psutil

from omniseg_backend.common.platform import IS_WINDOWS
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Started
from omniseg_backend.jobs.queue import advance
from omniseg_backend.jobs.states import State
from tests.jobs.conftest import Jobs, wait_until


def test_heavy_jobs_follow_each_other_without_a_client(jobs: Jobs) -> None:
    first = jobs.submit(steps=1, gate=str(jobs.gate))
    waiting = [jobs.submit(steps=1), jobs.submit(steps=1)]
    jobs.wait_for(first, State.RUNNING)
    assert [jobs.state(job) for job in waiting] == [State.QUEUED, State.QUEUED]
    jobs.open_gate(1)
    # Only the files are looked at: no client's call starts the next.
    ends = [jobs.folder_of(job).state for job in waiting]
    wait_until(lambda: all('"finished"' in file.read_text() for file in ends), "all have ended")
    started = [
        event.time
        for job in (first, *waiting)
        for event in all_events(jobs.folder_of(job).events)
        if isinstance(event, Started)
    ]
    assert started == sorted(started)


def test_a_light_job_does_not_wait_and_goes_before_a_heavy_one(jobs: Jobs) -> None:
    heavy = jobs.submit(gate=str(jobs.gate))
    jobs.open_gate(1)
    jobs.wait_for_step(heavy, 1)
    light = jobs.submit(title="light", gate=str(jobs.gate), steps=2)
    jobs.wait_for_step(light, 1)
    assert jobs.state(heavy) is State.RUNNING
    niceness = [jobs.process(job).nice() for job in (heavy, light)]
    if IS_WINDOWS:
        assert niceness[0] == psutil.BELOW_NORMAL_PRIORITY_CLASS
    else:
        assert niceness[0] > niceness[1]


def test_after_a_crash_any_look_at_the_list_starts_the_next(jobs: Jobs) -> None:
    crashed = jobs.submit(gate=str(jobs.gate))
    following = jobs.submit(steps=1)
    jobs.open_gate(1)
    jobs.wait_for_step(crashed, 1)
    jobs.process(crashed).kill()
    wait_until(lambda: jobs.client.jobs() and jobs.state(crashed) is State.INTERRUPTED, "noticed")
    jobs.wait_for(following, State.FINISHED)


def test_a_paused_job_in_the_queue_is_passed_over(jobs: Jobs) -> None:
    first = jobs.submit(steps=1, gate=str(jobs.gate))
    passed, last = jobs.submit(steps=1), jobs.submit(steps=1)
    assert jobs.client.pause(passed).state is State.PAUSED
    jobs.open_gate(1)
    jobs.wait_for(last, State.FINISHED)
    assert (jobs.state(first), jobs.state(passed)) == (State.FINISHED, State.PAUSED)
    jobs.client.resume(passed)
    jobs.wait_for(passed, State.FINISHED)


LOOK = """
import sys
from omniseg_backend.jobs.client import JobClient
client = JobClient()
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    client.jobs()
"""


def test_clients_that_come_at_once_start_a_job_once(jobs: Jobs) -> None:
    made = [jobs.client.store.create(jobs.spec(title="light", steps=1)).id for _ in range(4)]
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", LOOK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for client in clients:
        assert client.stdout is not None
        assert client.stdout.readline() == "ready\n"
    for client in clients:
        client.communicate("go\n", timeout=120)
    for job in made:
        jobs.wait_for(job, State.FINISHED)
        events = all_events(jobs.folder_of(job).events)
        assert sum(isinstance(event, Started) for event in events) == 1
    assert advance(jobs.client.store) == ()


def test_a_second_runner_of_the_same_job_leaves_it_alone(jobs: Jobs) -> None:
    job = jobs.submit(steps=1)
    jobs.wait_for(job, State.FINISHED)
    before = jobs.folder_of(job).events.read_bytes()
    subprocess.run(
        [sys.executable, "-m", "omniseg_backend.jobs.runner", str(jobs.folder_of(job).path)],
        check=True,
        timeout=120,
    )
    assert jobs.folder_of(job).events.read_bytes() == before
