"""A job from submission to its end, in a real process: well, badly, stopped, killed."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.states import State
from tests.jobs.conftest import Jobs, wait_until


def kinds_of_events(jobs: Jobs, job: str) -> list[str]:
    events = [event.event for event in all_events(jobs.folder_of(job).events)]  # type: ignore[attr-defined]
    return [event for event in events if event not in ("progress", "metric")]


def test_a_job_runs_to_its_end(jobs: Jobs, tmp_path: Path) -> None:
    output = tmp_path / "wanted" / "count.json"
    output.parent.mkdir()
    job = jobs.submit(output=output)
    jobs.wait_for(job, State.FINISHED)
    assert kinds_of_events(jobs, job) == ["queued", "started", "finished"]
    state = jobs.client.job(job).record.known
    assert state.results == ("result/count.json", str(output))
    assert json.loads(output.read_text()) == jobs.count(job)
    assert not jobs.folder_of(job).partial.exists()
    assert stat.S_IMODE(jobs.folder_of(job).path.stat().st_mode) == 0o700


def test_bad_data_is_a_sentence(jobs: Jobs) -> None:
    job = jobs.submit(ends="bad-data")
    jobs.wait_for(job, State.FAILED)
    error = jobs.client.job(job).record.known.error
    assert error == "the count: found an even number, expected an odd one; add 1."
    assert not jobs.folder_of(job).traceback.exists()
    assert not jobs.folder_of(job).result.exists()
    assert "Traceback" not in jobs.folder_of(job).log.read_text()


def test_an_accident_is_a_sentence_and_a_file_that_says_where(jobs: Jobs) -> None:
    job = jobs.submit(ends="by-accident")
    jobs.wait_for(job, State.FAILED)
    assert "an unexpected ZeroDivisionError" in (jobs.client.job(job).record.known.error or "")
    told = jobs.folder_of(job).traceback.read_text()
    assert "in run" in told
    assert "ZeroDivisionError: nobody foresaw this" in told


def test_a_paused_job_goes_on_where_it_was(jobs: Jobs) -> None:
    straight = jobs.submit(steps=4)
    jobs.wait_for(straight, State.FINISHED)
    job = jobs.submit(steps=4, gate=str(jobs.gate))
    jobs.open_gate(1)
    jobs.open_gate(2)
    jobs.wait_for_step(job, 2)
    jobs.client.pause(job)
    jobs.wait_for(job, State.PAUSED)
    jobs.open_gate(3)
    jobs.open_gate(4)
    jobs.client.resume(job)
    jobs.wait_for(job, State.FINISHED)
    assert jobs.count(job) == jobs.count(straight)
    assert kinds_of_events(jobs, job) == [
        "queued", "started", "stopped", "queued", "started", "finished",
    ]  # fmt: skip


def test_a_killed_runner_leaves_an_interrupted_job_that_ends_equal(jobs: Jobs) -> None:
    straight = jobs.submit(steps=6)
    jobs.wait_for(straight, State.FINISHED)
    job = jobs.submit(steps=6, gate=str(jobs.gate))
    for step in range(1, 6):
        jobs.open_gate(step)
        jobs.wait_for_step(job, step)
        jobs.process(job).kill()
        jobs.wait_for(job, State.INTERRUPTED)
        jobs.client.resume(job)
        jobs.wait_for(job, State.RUNNING)
    jobs.open_gate(6)
    jobs.wait_for(job, State.FINISHED)
    assert jobs.count(job) == jobs.count(straight)
    assert jobs.client.job(job).record.known.attempts == 6


def test_what_a_killed_runner_had_started_is_ended_when_it_is_noticed(jobs: Jobs) -> None:
    job = jobs.submit(gate=str(jobs.gate), family=True)
    child_file = jobs.folder_of(job).checkpoints / "child"
    wait_until(child_file.exists, "the child has been started")
    child = psutil.Process(int(child_file.read_text()))
    jobs.process(job).kill()
    jobs.wait_for(job, State.INTERRUPTED)
    wait_until(lambda: not child.is_running() or child.status() == "zombie", "no orphan is left")


SUBMIT_AND_DIE = """
import os, signal, sys
from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.spec_file import parse_spec
spec = parse_spec({"kind": "counting", "settings": {"steps": 3, "gate": sys.argv[1]}})
print(JobClient().submit(spec).id, flush=True)
os.killpg(0, signal.SIGKILL)
"""


def test_the_job_survives_whoever_started_it(jobs: Jobs) -> None:
    parent = subprocess.run(
        [sys.executable, "-c", SUBMIT_AND_DIE, str(jobs.gate)],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert parent.returncode == -9
    job = parent.stdout.strip()
    for step in (1, 2, 3):
        jobs.open_gate(step)
    jobs.wait_for(job, State.FINISHED)
    assert kinds_of_events(jobs, job) == ["queued", "started", "finished"]


def test_cancelling_stops_the_work_and_its_partial_result_stays_apart(jobs: Jobs) -> None:
    job = jobs.submit(gate=str(jobs.gate))
    jobs.open_gate(1)
    jobs.wait_for_step(job, 1)
    process = jobs.process(job)
    jobs.client.cancel(job)
    jobs.wait_for(job, State.CANCELLED)
    wait_until(lambda: not process.is_running() or process.status() == "zombie", "it is gone")
    assert not jobs.folder_of(job).result.exists()
    assert jobs.client.job(job).record.known.results == ()


def test_work_that_does_not_heed_is_ended_with_all_it_started(jobs: Jobs) -> None:
    job = jobs.submit(gate=str(jobs.gate), heeds=False, family=True)
    child_file = jobs.folder_of(job).checkpoints / "child"
    wait_until(child_file.exists, "the child has been started")
    child = psutil.Process(int(child_file.read_text()))
    next_job = jobs.submit(steps=1)
    jobs.client.cancel(job)
    jobs.wait_for(job, State.CANCELLED)
    wait_until(lambda: not child.is_running() or child.status() == "zombie", "no orphan is left")
    jobs.wait_for(next_job, State.FINISHED)


def test_a_finished_job_can_neither_be_stopped_nor_go_on(jobs: Jobs) -> None:
    job = jobs.submit(steps=1)
    jobs.wait_for(job, State.FINISHED)
    for ask in (jobs.client.pause, jobs.client.cancel, jobs.client.resume):
        with pytest.raises(UsageError, match="found a job that is finished"):
            ask(job)


def test_an_output_that_came_meanwhile_is_kept_and_the_result_too(
    jobs: Jobs, tmp_path: Path
) -> None:
    output = tmp_path / "count.json"
    job = jobs.submit(steps=1, gate=str(jobs.gate), output=output)
    output.write_text("mine")
    jobs.open_gate(1)
    jobs.wait_for(job, State.FINISHED)
    assert output.read_text() == "mine"
    assert jobs.client.job(job).record.known.results == ("result/count.json",)
    assert "warning" in kinds_of_events(jobs, job)


def test_a_newer_job_is_shown_and_neither_run_nor_changed(jobs: Jobs) -> None:
    job = jobs.submit(gate=str(jobs.gate))
    jobs.wait_for(job, State.RUNNING)
    jobs.client.cancel(job)
    jobs.wait_for(job, State.CANCELLED)
    file = jobs.folder_of(job).state
    newer = json.dumps(json.loads(file.read_text()) | {"schema_version": 2, "state": "queued"})
    file.write_text(newer)
    (view,) = jobs.client.jobs()
    assert "schema 2" in str(view.record.problem)
    with pytest.raises(DataError, match="schema 2"):
        jobs.client.resume(job)
    assert file.read_text() == newer
