"""Progress where stderr is no terminal: a few lines, however often the work reports."""

from __future__ import annotations

import pytest

from omniseg_backend.cli.progress_line import LiveLine, PlainLines, progress_display


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_stage_is_told_once_and_then_every_half_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    show = PlainLines(clock)
    for step in range(100):
        clock.now = float(step)
        show(f"case {step + 1} of 100, loss {1 / (step + 1):.3f}", step / 100)
    assert capsys.readouterr().err.splitlines() == [
        "case 1 of 100, loss 1.000",
        "case 31 of 100, loss 0.032 (30%)",
        "case 61 of 100, loss 0.016 (60%)",
        "case 91 of 100, loss 0.011 (90%)",
    ]


def test_a_new_stage_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    show = PlainLines(Clock())
    for stage in ("reading", "reading", "segmenting", "reading"):
        show(stage, 0.0)
    assert capsys.readouterr().err.splitlines() == ["reading", "segmenting", "reading"]


def test_captured_output_is_no_terminal() -> None:
    assert isinstance(progress_display(), PlainLines)


def test_the_live_line_is_gone_when_closed(capsys: pytest.CaptureFixture[str]) -> None:
    line = LiveLine()
    line.close()
    line.say("before any progress")
    line("reading [0]", 0.5)
    line.say("a [bold] remark")
    line.close()
    line.close()
    told = capsys.readouterr()
    assert told.out == ""
    assert "before any progress\n" in told.err
    # Square brackets are a file's name, not markup.
    assert "a [bold] remark\n" in told.err
