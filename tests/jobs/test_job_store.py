"""The folder of all jobs: private, whole or absent, tolerant of what it cannot read."""

from __future__ import annotations

import datetime
import json
import stat
from pathlib import Path

import pytest

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.jobs.changes import launched, stopped
from omniseg_backend.jobs.config import load_config
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.lock import held
from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.jobs.spec_file import load_spec, parse_spec
from omniseg_backend.jobs.state_file import NewerJobError, Runner
from omniseg_backend.jobs.states import State
from omniseg_backend.jobs.store import JobRecord, JobStore

ENDED_LONG_AGO = datetime.timedelta(0)


@pytest.fixture(autouse=True)
def _in_a_dataset(toy_dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(toy_dataset)


def spec(**fields: object) -> JobSpec:
    """A training on the data set of the working folder; no job here is run."""
    settings = {"dataset": ".", "modality": "microscopy"}
    return parse_spec({"kind": "train", "settings": settings, **fields})


def cancelled(store: JobStore) -> JobRecord:
    record = store.create(spec())
    stopped(record.folder, record.known, State.CANCELLED)
    return store.record(record.id)


def test_a_new_job_is_queued_and_whole(store: JobStore) -> None:
    record = store.create(spec(title="First try"))
    assert (record.known.state, record.known.title) == (State.QUEUED, "First try")
    assert load_spec(record.folder.spec).kind == "train"
    assert [event.event for event in all_events(record.folder.events)] == ["queued"]  # type: ignore[attr-defined]
    assert store.records() == (record,)
    assert record.folder.checkpoints.is_dir()


def test_folders_are_the_users_alone(store: JobStore, home: Path) -> None:
    record = store.create(spec())
    for folder in (store.root, record.folder.path):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert home in record.folder.path.parents


def test_jobs_come_in_the_order_of_their_submission(store: JobStore) -> None:
    made = [store.create(spec()).id for _ in range(5)]
    assert [record.id for record in store.records()] == made


def test_an_existing_output_is_refused_at_once(store: JobStore, tmp_path: Path) -> None:
    output = tmp_path / "model.omniseg"
    output.write_bytes(b"mine")
    with pytest.raises(DataError, match="an existing file"):
        store.create(spec(output=str(output)))
    assert store.records() == ()
    assert store.create(spec(output=str(output), overwrite=True)).known.state is State.QUEUED


def test_a_folder_of_a_newer_schema_is_shown(store: JobStore) -> None:
    record = store.create(spec())
    content = json.loads(record.folder.state.read_text()) | {"schema_version": 2, "mood": "good"}
    record.folder.state.write_text(json.dumps(content))
    (found,) = store.records()
    assert found.state is None
    assert "schema 2" in str(found.problem)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"schema_version": 1}', "\0"])
def test_a_damaged_folder_hides_no_other(store: JobStore, content: str) -> None:
    broken, whole = store.create(spec()), store.create(spec())
    broken.folder.state.write_text(content)
    first, second = store.records()
    assert first == whole
    assert (second.id, second.state) == (broken.id, None)
    with pytest.raises(DataError, match=f"damaged.*`omniseg jobs remove {broken.id}`"):
        _ = second.known
    store.remove(broken.id)
    assert store.records() == (whole,)


@pytest.mark.parametrize("job", ["..", "../x", "train-1", "", ".omniseg-x", "A"])
def test_a_name_that_is_no_job_reaches_no_folder(store: JobStore, job: str) -> None:
    store.create(spec())
    with pytest.raises(UsageError, match="no such job"):
        store.remove(job)


def test_a_job_whose_lock_is_held_is_not_removed(store: JobStore) -> None:
    record = store.create(spec())
    with held(record.folder.lock) as ours:
        assert ours
        with pytest.raises(UsageError, match="running"):
            store.remove(record.id)
    store.remove(record.id)
    assert store.records() == ()
    assert list(store.root.glob(".omniseg-*")) == []


def test_a_folder_of_a_newer_schema_is_not_removed(store: JobStore) -> None:
    record = store.create(spec())
    content = json.loads(record.folder.state.read_text()) | {"schema_version": 2}
    record.folder.state.write_text(json.dumps(content))
    with pytest.raises(NewerJobError, match="schema 2"):
        store.remove(record.id)
    assert record.folder.spec.exists()


def test_purge_takes_what_ended_and_leaves_what_can_go_on(store: JobStore) -> None:
    ended, waiting = cancelled(store), store.create(spec())
    paused = store.create(spec())
    running = launched(paused.folder, paused.known, Runner(process=1, started=0.0))
    stopped(paused.folder, running, State.PAUSED)
    assert store.purge(datetime.timedelta(days=1)) == ()
    assert store.purge(ENDED_LONG_AGO) == (ended.id,)
    assert [record.id for record in store.records()] == [waiting.id, paused.id]


def test_no_job_is_no_error(store: JobStore) -> None:
    assert store.records() == ()
    assert store.purge(ENDED_LONG_AGO) == ()


def test_a_store_that_cannot_be_listed_is_one_sentence(store: JobStore) -> None:
    store.root.parent.mkdir(parents=True)
    store.root.write_text("a file where the folder of all jobs should be")
    with pytest.raises(DataError, match=r"cannot be opened.*the folder of all jobs"):
        store.records()


def test_a_home_that_is_a_file_is_said_by_jobs_and_settings(home: Path) -> None:
    home.write_text("no folder")
    for look in (JobStore().records, lambda: JobStore().create(spec()), load_config):
        with pytest.raises(DataError, match="home: found a file, expected a folder"):
            look()
