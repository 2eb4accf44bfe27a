"""Kill a short training N times at random moments and compare what each resumed run gives.

``python tools/kill_study.py --kills 20`` kills `omniseg train`; with ``--jobs`` it kills the runner
of a `train` job, looks at the list, and resumes what is shown as interrupted. One line per kill and
a summary are printed; the exit code is 1 if any resumed run differs from the uninterrupted one. The
tests hold shorter versions.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from omniseg_backend.bundles.store import Bundle, load_bundle
from omniseg_backend.common.home import HOME_VARIABLE
from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Measured
from omniseg_backend.jobs.kinds.train import TrainSpec
from omniseg_backend.jobs.states import State
from omniseg_backend.training.settings import Budget
from tests.training.conftest import toy_settings, write_toy
from tests.training.test_resume import run, what_counts

_LOOK_EVERY = 0.02


def main() -> int:
    """Run the study; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", action="store_true", help="kill jobs' runners")
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory(prefix="omniseg-kills-") as name:
        folder = Path(name)
        os.environ[HOME_VARIABLE] = str(folder / "home")
        study = killed_jobs if options.jobs else killed_runs
        equal = 0
        for number, (moment, same) in enumerate(study(folder, options.kills, random), start=1):
            equal += same
            _say(f"kill {number}, {moment}: {'equal' if same else 'DIFFERENT'}")
    _say(f"{equal} of {options.kills} resumed runs equal the uninterrupted one")
    return 0 if equal == options.kills else 1


def killed_runs(
    folder: Path, kills: int, random: np.random.Generator
) -> Iterator[tuple[str, bool]]:
    """Kill `omniseg train` after so many reports of progress; when, and whether it ended equal."""
    dataset = write_toy(folder / "toy")
    straight = folder / "straight.omniseg"
    total = run(dataset, straight)
    expected = what_counts(load_bundle(straight))
    for number, cut in enumerate(random.integers(1, total, kills), start=1):
        target = folder / f"killed-{number}.omniseg"
        run(dataset, target, lines=int(cut))
        if not target.exists():
            run(dataset, target)
        yield f"report {cut} of {total}", what_counts(load_bundle(target)) == expected


def killed_jobs(
    folder: Path, kills: int, random: np.random.Generator
) -> Iterator[tuple[str, bool]]:
    """Kill a job's runner after a time; when, and whether it was listed and ended equal."""
    settings = toy_settings(
        write_toy(folder / "toy"), budget=Budget(steps=20), validations=5, patience=5
    )
    client = JobClient()
    straight = client.submit(TrainSpec(settings=settings)).id
    length = _seconds_until_stopped(client, straight)
    expected = what_counts(_bundle(client, straight))
    done = 0
    while done < kills:
        # Each time anew: what else the machine does changes how far a job comes in that time.
        after = float(random.uniform(0.0, length))
        job = client.submit(TrainSpec(settings=settings)).id
        if _kill_after(client, job, after):
            step = _steps(client, job)
            listed = next(view for view in client.jobs() if view.id == job).record.known.state
            # Finished: the kill fell behind the end.
            if listed is not State.FINISHED:
                done += 1
                if listed is State.INTERRUPTED:
                    client.resume(job)
                _seconds_until_stopped(client, job)
                same = listed is State.INTERRUPTED and what_counts(_bundle(client, job)) == expected
                yield f"{after:.1f} s of {length:.1f} s, {step} steps validated, {listed}", same
        client.remove(job)


def _kill_after(client: JobClient, job: str, seconds: float) -> bool:
    """Whether the runner was still there to be killed."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and _is_running(client, job):
        time.sleep(_LOOK_EVERY)
    runner = client.job(job).record.known.runner
    if runner is None:
        return False
    os.kill(runner.process, signal.SIGKILL)
    while _is_running(client, job):
        time.sleep(_LOOK_EVERY)
    return True


def _seconds_until_stopped(client: JobClient, job: str) -> float:
    begun = time.monotonic()
    while _is_running(client, job):
        time.sleep(_LOOK_EVERY)
    return time.monotonic() - begun


def _is_running(client: JobClient, job: str) -> bool:
    return client.job(job).record.known.state in (State.QUEUED, State.RUNNING)


def _steps(client: JobClient, job: str) -> int:
    events = all_events(client.job(job).record.folder.events)
    return max((event.step for event in events if isinstance(event, Measured)), default=0)


def _bundle(client: JobClient, job: str) -> Bundle:
    return load_bundle(client.job(job).record.folder.result / TrainSpec.default_output)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
