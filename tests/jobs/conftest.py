"""A store of one's own, and bounded waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

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
