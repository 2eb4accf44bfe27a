"""Process groups, replacing and locking: the POSIX branch for real, the Windows one injected."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import psutil
import pytest

from omniseg_backend.common.platform import (
    IS_WINDOWS,
    detached_process,
    end_process_group,
    replace_file,
    try_lock,
)

# Starts a child that would run for ever, says its number, and waits for ever itself.
PARENT = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)\n"
    "print(child.pid, flush=True)\n"
    "child.wait()\n"
)


def start_family() -> tuple[subprocess.Popen[str], psutil.Process]:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, **detached_process()
    )
    assert parent.stdout is not None
    return parent, psutil.Process(int(parent.stdout.readline()))


def wait_until_gone(process: psutil.Process) -> None:
    try:
        process.wait(timeout=30)
    except psutil.NoSuchProcess:
        return


@pytest.mark.parametrize("windows", [IS_WINDOWS, True])
def test_a_group_ends_with_its_children(windows: bool) -> None:
    parent, child = start_family()
    with parent:
        end_process_group(parent.pid, windows=windows)
        assert parent.wait(timeout=30) != 0
        wait_until_gone(child)
    end_process_group(parent.pid, windows=windows)  # once more: nothing is left to end


def test_windows_detaches_by_flags_and_others_by_a_session() -> None:
    flags = detached_process(windows=True)["creationflags"]
    assert flags == 0x208
    assert detached_process(windows=False) == {"start_new_session": True}


def test_an_open_target_is_tried_again_on_windows(tmp_path: Path) -> None:
    source, target = tmp_path / "new", tmp_path / "old"
    source.write_text("new", encoding="utf-8")
    target.write_text("old", encoding="utf-8")
    pauses: list[float] = []

    def replace(origin: Path, place: Path) -> None:
        if len(pauses) < 3:
            raise PermissionError(13, "in use")
        origin.replace(place)

    replace_file(source, target, windows=True, replace=replace, pause=pauses.append)
    assert target.read_text(encoding="utf-8") == "new"
    assert pauses == sorted(pauses)


@pytest.mark.parametrize(("windows", "tries"), [(True, 7), (False, 1)])
def test_a_target_that_stays_in_use_is_reported(tmp_path: Path, windows: bool, tries: int) -> None:
    calls: list[Path] = []

    def replace(_origin: Path, place: Path) -> None:
        calls.append(place)
        raise PermissionError(13, "in use")

    with pytest.raises(PermissionError):
        replace_file(
            tmp_path / "a", tmp_path / "b", windows=windows, replace=replace, pause=lambda _: None
        )
    assert len(calls) == tries


HOLDER = (
    "import sys; from omniseg_backend.common.platform import try_lock\n"
    "stream = open(sys.argv[1], 'r+b'); print(try_lock(stream.fileno()), flush=True); input()\n"
)


def test_a_lock_excludes_others_and_dies_with_its_process(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.write_bytes(b"\0")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder, file.open("r+b") as stream:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "True"
        assert not try_lock(stream.fileno())
        holder.kill()
        holder.wait()
        assert try_lock(stream.fileno())


@pytest.mark.parametrize("taken", [True, False])
def test_windows_locks_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    calls: list[tuple[int, int]] = []

    def locking(_descriptor: int, mode: int, count: int) -> None:
        calls.append((mode, count))
        if not taken:
            raise OSError(36, "deadlock avoided")

    fake = types.SimpleNamespace(LK_NBLCK=2, locking=locking)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)  # type: ignore[arg-type]
    with (tmp_path / "lock").open("w+b") as stream:
        assert try_lock(stream.fileno(), windows=True) is taken
    assert calls == [(2, 1)]
