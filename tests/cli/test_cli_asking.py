"""At a terminal ``omniseg segment`` asks for the task; a real pseudo-terminal answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from omniseg_backend.images.modality import Modality
from tests.cli.conftest import MakeModel

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")


def segment_with_answers(answers: bytes, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command with these bytes typed at its terminal beforehand."""
    controller, terminal = pty.openpty()
    try:
        os.write(controller, answers)
        return subprocess.run(
            [sys.executable, "-m", "omniseg_backend.cli.main", "segment", *map(str, arguments)],
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(controller)


@pytest.fixture
def two_tasks(add: MakeModel) -> None:
    """Two tasks for microscopy; the second one's class is called differently."""
    add(Modality.MICROSCOPY, task={"id": "a-cells", "title": "Cells"}, classes=((1, "cell"),))
    add(Modality.MICROSCOPY, task={"id": "b-nuclei", "title": "Nuclei"}, classes=((1, "nucleus"),))


@pytest.mark.usefixtures("two_tasks")
def test_the_number_typed_is_the_task_taken(square: Path, tmp_path: Path) -> None:
    mask = tmp_path / "mask.nii.gz"
    # A wrong answer first: it is asked again.
    options = (square, "-o", mask, "--modality", "microscopy")
    finished = segment_with_answers(b"9\n2\n", *options)
    assert finished.returncode == 0, finished.stderr
    assert "1  a-cells: Cells" in finished.stderr
    assert "a number from 1 to" in finished.stderr
    assert "nucleus" in finished.stdout
    record = json.loads((tmp_path / "mask.json").read_text())
    assert [entry["name"] for entry in record["classes"]] == ["nucleus"]


@pytest.mark.usefixtures("two_tasks")
def test_leaving_the_question_ends_with_4(square: Path, tmp_path: Path) -> None:
    control_d = b"\x04"
    mask = tmp_path / "mask.png"
    finished = segment_with_answers(control_d, square, "-o", mask, "--modality", "microscopy")
    assert finished.returncode == 4, finished.stderr
    assert "Traceback" not in finished.stderr
    assert not mask.exists()


@pytest.mark.usefixtures("two_tasks")
def test_programs_are_never_asked(square: Path, tmp_path: Path) -> None:
    options = (square, "-o", tmp_path / "m.png", "--modality", "microscopy", "--json")
    finished = segment_with_answers(b"1\n", *options)
    assert finished.returncode == 2
    assert "a-cells" in json.loads(finished.stdout)["error"]["expected"]
