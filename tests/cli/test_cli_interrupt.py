"""Ctrl-C: asked politely first, then ended; either way exit code 4 and nothing half-done."""

from __future__ import annotations

import io
import json
import logging
import signal
import subprocess
import sys

import pytest
import typer

from omniseg_backend.cli.interrupt import Interrupt
from omniseg_backend.cli.terminal import command
from omniseg_backend.common.errors import DataError
from omniseg_backend.common.progress import check_cancel
from tests.cli.conftest import MakeModel


def test_the_first_sets_and_the_second_raises() -> None:
    asked: list[str] = []
    interrupt = Interrupt(lambda: asked.append("stop"))
    before = signal.getsignal(signal.SIGINT)
    with interrupt.listening():
        assert not interrupt.is_set()
        signal.raise_signal(signal.SIGINT)
        assert interrupt.is_set()
        assert asked == ["stop"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_question_is_left_at_once() -> None:
    interrupt = Interrupt(lambda: None)
    with interrupt.listening():
        with pytest.raises(KeyboardInterrupt), interrupt.paused():
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert interrupt.is_set()


def stop_once() -> None:
    with command(json=False) as terminal:
        signal.raise_signal(signal.SIGINT)
        check_cancel(terminal.cancel, "the work")


def stop_twice() -> None:
    with command(json=False):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)


def test_a_command_that_is_asked_to_stop_ends_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        stop_once()
    assert ended.value.exit_code == 4
    told = capsys.readouterr().err
    assert "press Ctrl-C again" in told
    assert "the work: found a request to stop" in told


def test_a_command_that_does_not_listen_ends_at_the_second(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as ended:
        stop_twice()
    assert ended.value.exit_code == 4
    assert "Traceback" not in capsys.readouterr().err


class _Struck(io.RawIOBase):
    """A stream whose first line is met by Ctrl-C while it is being written."""

    def __init__(self) -> None:
        self.struck = False

    def writable(self) -> bool:
        return True

    def write(self, data: memoryview, /) -> int:  # type: ignore[override]
        if not self.struck:
            self.struck = True
            signal.raise_signal(signal.SIGINT)
        return len(data)


def work_struck_in_a_line() -> None:
    with command(json=False) as terminal:
        terminal.say("half a line")
        check_cancel(terminal.cancel, "the work")


def test_ctrl_c_in_the_middle_of_a_line_is_a_request_as_any_other(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stream = io.TextIOWrapper(io.BufferedWriter(_Struck()), encoding="utf-8", line_buffering=True)
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(typer.Exit) as ended:
        work_struck_in_a_line()
    assert ended.value.exit_code == 4
    assert "press Ctrl-C again" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_ends_the_real_command_with_4(add: MakeModel) -> None:
    add()
    program = [sys.executable, "-m", "omniseg_backend.cli.main"]
    # Far more runs than any machine does in the time of a test.
    options = ["benchmark", "--size", "32", "--threads", "1", "--runs", "1000000000", "--json"]
    with subprocess.Popen(
        [*program, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        assert "measuring latency" in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 4
    assert json.loads(stdout)["error"]["exit_code"] == 4
    assert "Traceback" not in stderr


def test_too_little_memory_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, command(json=False):
        raise MemoryError
    assert ended.value.exit_code == 3
    assert "memory: found too little" in capsys.readouterr().err


def test_an_unforeseen_error_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError), command(json=False):
        raise ZeroDivisionError


def log_and_fail() -> None:
    with command(json=True, log_level=logging.INFO):
        logging.getLogger("omniseg_backend.training").info("4 steps")
        raise DataError("x", found="a", expected="b", remedy="c")


def test_the_log_of_the_libraries_is_shown_and_then_left_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = logging.getLogger("omniseg_backend")
    before = (logger.level, list(logger.handlers), logger.propagate)
    with pytest.raises(typer.Exit):
        log_and_fail()
    told = capsys.readouterr()
    assert told.err.splitlines() == ["4 steps", "x: found a, expected b; c."]
    assert '"subject": "x"' in told.out
    assert (logger.level, list(logger.handlers), logger.propagate) == before
