"""A training as a job: stopped in every way it ends equal, and tells what it learns."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from omniseg_backend.bundles.store import load_bundle
from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.context import JobContext
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Measured, Previewed
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.kinds.export import ExportSpec
from omniseg_backend.jobs.kinds.train import TrainSpec
from omniseg_backend.jobs.states import State
from omniseg_backend.jobs.work.export import run as export
from omniseg_backend.training.bundle_run import train_bundle
from omniseg_backend.training.export_settings import ExportSettings
from omniseg_backend.training.settings import Budget, TrainingSettings
from tests.jobs.conftest import wait_until
from tests.training.conftest import toy_settings
from tests.training.test_resume import what_counts

LIMIT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
from omniseg_backend.jobs.client import JobClient
JobClient().resume(sys.argv[1])
"""


def settings(dataset: Path) -> TrainingSettings:
    return toy_settings(dataset, budget=Budget(steps=60), validations=12, patience=12)


def validations(folder: JobFolder) -> list[Measured]:
    events = all_events(folder.events)
    return [e for e in events if isinstance(e, Measured) and e.group == "Dice"]


@pytest.mark.timeout(1200)
def test_a_training_stopped_in_every_way_ends_equal(toy_dataset: Path, tmp_path: Path) -> None:
    asked = settings(toy_dataset)
    straight = tmp_path / "straight.omniseg"
    told: list[bytes] = []
    train_bundle(asked, straight, observer=lambda news: told.append(news.picture))
    client = JobClient()
    job = client.submit(TrainSpec(settings=asked, output=tmp_path / "job.omniseg")).id
    folder = client.job(job).record.folder
    for number, stop in enumerate(("pause", "cancel", "kill", "kill", "kill")):
        wait_until(lambda seen=2 * number + 1: len(validations(folder)) >= seen, "it learns")
        if stop == "kill":
            runner = client.job(job).record.known.runner
            assert runner is not None
            subprocess.run(["kill", "-9", str(runner.process)], check=True)
        else:
            getattr(client, stop)(job)
        stopped = {"pause": State.PAUSED, "cancel": State.CANCELLED, "kill": State.INTERRUPTED}
        wait_until(lambda: client.job(job).record.known.state is not State.RUNNING, "it stops")
        assert client.job(job).record.known.state is stopped[stop]
        assert not folder.result.exists()
        client.resume(job)
    wait_until(lambda: client.job(job).record.known.state is not State.RUNNING, "it ends")
    state = client.job(job).record.known
    assert (state.state, state.attempts, state.error) == (State.FINISHED, 6, None)
    assert what_counts(load_bundle(tmp_path / "job.omniseg")) == what_counts(load_bundle(straight))
    # Every validation once and in order, with a picture that is the uninterrupted run's.
    steps = [one.step for one in validations(folder)]
    assert steps == list(range(5, 61, 5))
    assert set(validations(folder)[-1].values) == {"mean", "square", "disc"}
    last = [event for event in all_events(folder.events) if isinstance(event, Previewed)][-1]
    picture = (folder.path / last.picture).read_bytes()
    assert picture == told[-1]
    assert PIL.Image.open(io.BytesIO(picture)).size[0] > 3 * 256


@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes there")
def test_a_disk_that_takes_no_more_leaves_the_last_checkpoint(toy_dataset: Path) -> None:
    client = JobClient()
    job = client.submit(TrainSpec(settings=settings(toy_dataset))).id
    folder = client.job(job).record.folder
    checkpoint = folder.checkpoints / "run" / "checkpoint.safetensors"
    wait_until(lambda: validations(folder), "it has validated")
    client.pause(job)
    wait_until(lambda: client.job(job).record.known.state is State.PAUSED, "it pauses")
    before = checkpoint.read_bytes()
    subprocess.run([sys.executable, "-c", LIMIT, job], check=True)
    wait_until(lambda: client.job(job).record.known.state is State.FAILED, "it fails")
    assert "room for the output" in (client.job(job).record.known.error or "")
    assert checkpoint.read_bytes() == before
    target = folder.path / "sofar.omniseg"
    spec = ExportSpec(settings=ExportSettings(run=folder.path), output=target)
    context = JobContext(folder, progress=lambda *_: None)
    assert export(spec, context) == {target.name: target}
    exported = load_bundle(folder.partial / target.name)
    assert "while the training went on" in " ".join(exported.card.notes)
