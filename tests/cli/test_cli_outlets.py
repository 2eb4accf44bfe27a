"""What becomes of an answer that nobody reads or whose disk is full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import MakeModel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a shell and /dev")

FULL = Path("/dev/full")
MAIN = "from omniseg_backend.cli.main import main; main()"


def in_shell(line: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a line in which ``"$@"`` is the command with these arguments."""
    command = [sys.executable, "-c", MAIN, *map(str, arguments)]
    return subprocess.run(
        ["sh", "-c", line, "sh", *command], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("arguments", [("describe", "--json"), ("describe",), ("--help",)])
def test_a_reader_that_left_ends_it_quietly(arguments: tuple[str, ...]) -> None:
    # The pipe's only reader ends before the command, which takes much longer to start.
    finished = in_shell('{ "$@"; echo "code $?" >&2; } | true', *arguments)
    assert finished.stderr == "code 0\n"


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("describe", "--json"), ("describe",), ("--version",)])
def test_a_full_device_is_one_sentence(arguments: tuple[str, ...]) -> None:
    finished = in_shell('"$@" > /dev/full', *arguments)
    assert finished.returncode == 3
    (sentence,) = finished.stderr.splitlines()
    assert sentence.startswith("stdout: found a full disk, expected room")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_outlets_take_nothing_from_the_work(
    make_model: MakeModel, square: Path, tmp_path: Path, closed: str
) -> None:
    mask = tmp_path / "mask.png"
    options = ("segment", square, "-o", mask, "--model", make_model().path)
    finished = in_shell(f'"$@" {closed}', *options)
    assert finished.returncode == 0
    assert "unexpected" not in finished.stderr
    assert mask.exists()


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_stderr_that_takes_nothing_hides_no_exit_code(tmp_path: Path) -> None:
    image, mask = tmp_path / "nobody.png", tmp_path / "mask.png"
    options = ("segment", image, "-o", mask, "--task", "cardiac-mri")
    finished = in_shell('"$@" 2> /dev/full', *options)
    assert finished.returncode == 3
