"""Names of files and titles of jobs steer no terminal, whatever command shows them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from omniseg_backend.cli.terminal import Terminal
from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence

EVIL = "\x1b[2J\nomniseg: all is well"
SHOWN = "\\x1b[2J\\nomniseg: all is well"


def test_an_error_is_one_line_whatever_the_file_is_called(
    omniseg: Omniseg, make_model: MakeModel, tmp_path: Path
) -> None:
    mask = tmp_path / "mask.png"
    result = omniseg("segment", f"{EVIL}.png", "-o", mask, "--model", make_model().path)
    assert_one_sentence(result, 3, f"{SHOWN}.png: found ")
    assert "\x1b" not in result.stderr


def test_lines_and_stages_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(json=False)
    terminal.progress(f"reading {EVIL}", 0.0)
    terminal.say(f"{EVIL} is large")
    assert capsys.readouterr().err.splitlines() == [f"reading {SHOWN}", f"{SHOWN} is large"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows refuses such names")
def test_a_bad_image_of_a_batch_is_told_in_one_line(
    omniseg: Omniseg, make_model: MakeModel, tmp_path: Path
) -> None:
    for name in (EVIL, "b"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{name}.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x02\0")
    result = omniseg(
        "segment", tmp_path / "in", "-o", tmp_path / "out", "--model", make_model().path
    )
    assert result.exit_code == 3
    assert f"{SHOWN}.dcm: found " in result.stderr
    assert "2 failed" in result.stdout
    assert "\x1b" not in result.stderr + (tmp_path / "out" / "results.csv").read_text()


def test_a_title_is_one_line(
    omniseg: Omniseg, make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    submitted = omniseg(
        "jobs", "submit", "segment", square, "--model", make_model().path,
        "--modality", "microscopy", "--title", EVIL,
    )  # fmt: skip
    assert submitted.exit_code == 0, submitted.stderr
    assert SHOWN in submitted.stdout
    job = submitted.stdout.split(":")[0]
    assert omniseg("jobs", "follow", job).exit_code == 0
    for command in (("list",), ("show", job)):
        shown = omniseg("jobs", *command).stdout
        assert SHOWN in shown
        assert "\x1b" not in shown
