"""Tasks for executors, as other processes find them: each leaves a trace of every attempt."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from omniseg_backend.common.errors import CancelledError, DataError

#: Long enough for a loaded machine; what is waited for comes in a fraction of it.
PATIENCE = 60.0


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Ask again and again until a condition holds; fail when it never does."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, f"waited in vain until {what}"
        # Not a guess at how long something takes: it only leaves the processor to others.
        time.sleep(0.02)


def double(spec: str) -> str:
    return json.dumps(2 * json.loads(spec))


def refuse(spec: str) -> str:
    raise DataError(spec, found="grapes", expected="wine", remedy="press them")


def cancel(spec: str) -> str:
    raise CancelledError(spec)


def divide(spec: str) -> str:
    return str(1 / json.loads(spec))


def exhaust(spec: str) -> str:
    raise MemoryError


def chatter(spec: str) -> str:
    print("what a library prints")
    return spec


def spec(folder: Path, name: str) -> str:
    return json.dumps({"folder": str(folder), "name": name})


def held(spec: str) -> str:
    """Say that it runs, wait for its gate, do its work once."""
    place = json.loads(spec)
    folder, name = Path(place["folder"]), place["name"]
    result = folder / f"{name}.done"
    (folder / f"{name}.{os.getpid()}.began").touch()
    wait_until((folder / "gate").exists, "the gate is open")
    result.touch(exist_ok=False)
    return json.dumps(name)


def began(folder: Path) -> dict[str, set[int]]:
    """Which process began each task."""
    found: dict[str, set[int]] = {}
    for trace in folder.glob("*.began"):
        name, process, _ = trace.name.rsplit(".", 2)
        found.setdefault(name, set()).add(int(process))
    return found


def die(spec: str) -> str:
    """Take the worker along, each time."""
    folder = Path(json.loads(spec)["folder"])
    (folder / f"die.{os.getpid()}.began").touch()
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return spec
