"""A store of one's own, and bounded waiting for what other processes do."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from omniseg_backend.common.platform import end_process_group
from omniseg_backend.jobs.client import JobClient
from omniseg_backend.jobs.event_log import all_events
from omniseg_backend.jobs.events import Measured
from omniseg_backend.jobs.folder import JobFolder
from omniseg_backend.jobs.launch import is_alive
from omniseg_backend.jobs.spec import JobSpec
from omniseg_backend.jobs.spec_file import parse_spec
from omniseg_backend.jobs.states import State
from omniseg_backend.jobs.store import JobStore

#: Long enough for a loaded machine; what is waited for comes in a fraction of it.
PATIENCE = 120.0


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty OMNISEG_HOME."""
    folder = tmp_path / "home"
    monkeypatch.setenv("OMNISEG_HOME", str(folder))
    return folder


@pytest.fixture
def store(home: Path) -> JobStore:
    return JobStore()


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Ask again and again until a condition holds; fail when it never does."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, f"waited in vain until {what}"
        # Not a guess at how long something takes: it only leaves the processor to others.
        time.sleep(0.02)


@pytest.fixture
def counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_counting(tmp_path, monkeypatch)


def install_counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the kind of ``counting_kind.py`` here and in every process that is started."""
    plugin = tmp_path / "plugin"
    record = plugin / "counting_kind-1.0.dist-info"
    record.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("counting_kind.py"), plugin)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: counting-kind\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text(
        "[omniseg.job_kinds]\ncounting = counting_kind:CountingSpec\n"
    )
    monkeypatch.syspath_prepend(str(plugin))
    monkeypatch.setenv("PYTHONPATH", str(plugin))


class Jobs:
    """Counting jobs and what tests ask of them."""

    def __init__(self, folder: Path) -> None:
        self.client = JobClient()
        self.folder = folder

    @property
    def gate(self) -> Path:
        return self.folder / "gate"

    def open_gate(self, step: int) -> None:
        self.gate.with_name(f"gate-{step}").touch()

    def spec(self, *, title: str = "", output: Path | None = None, **settings: object) -> JobSpec:
        content = {"kind": "counting", "title": title, "settings": settings}
        if output is not None:
            content["output"] = str(output)
        return parse_spec(content)

    def submit(self, **fields: object) -> str:
        return self.client.submit(self.spec(**fields)).id  # type: ignore[arg-type]

    def folder_of(self, job: str) -> JobFolder:
        return self.client.store.record(job).folder

    def state(self, job: str) -> State:
        return self.client.job(job).record.known.state

    def wait_for(self, job: str, *states: State) -> State:
        wait_until(lambda: self.state(job) in states, f"{job} is {states}")
        return self.state(job)

    def wait_for_step(self, job: str, step: int) -> None:
        events = self.folder_of(job).events
        wait_until(
            lambda: any(isinstance(e, Measured) and e.step >= step for e in all_events(events)),
            f"{job} has come to step {step}",
        )

    def process(self, job: str) -> psutil.Process:
        runner = self.client.job(job).record.known.runner
        assert runner is not None
        return psutil.Process(runner.process)

    def count(self, job: str) -> object:
        return json.loads((self.folder_of(job).result / "count.json").read_text())


@pytest.fixture
def jobs(counting: None, tmp_path: Path) -> Iterator[Jobs]:
    """The client; whatever still runs at the end is ended."""
    made = Jobs(tmp_path)
    yield made
    end_all(made.client)


def end_all(client: JobClient) -> None:
    """End the processes of all jobs that still run."""
    for view in client.jobs():
        runner = view.record.state.runner if view.record.state else None
        if runner is not None and is_alive(runner):
            end_process_group(runner.process)
