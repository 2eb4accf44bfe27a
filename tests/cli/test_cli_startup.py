"""What the command loads: little to start, and never torch for segmenting."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import MakeModel

#: Each takes 50 ms to seconds to load, and one picture needs none of them.
HEAVY = {
    "SimpleITK", "lightning_fabric", "matplotlib", "monai", "nibabel", "scipy.optimize",
    "scipy.stats", "tifffile", "torch",
}  # fmt: skip

RUN = """
import json, sys
from omniseg_backend.cli.main import main
try:
    main()
except SystemExit as end:
    code = end.code or 0
sys.stderr.write(json.dumps({"code": code, "modules": sorted(sys.modules)}) + "\\n")
"""


def loaded_by(*arguments: object) -> set[str]:
    """The modules that a run of the command leaves loaded."""
    finished = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(finished.stderr.splitlines()[-1])
    assert told["code"] == 0, finished.stderr
    return set(told["modules"])


def test_segmenting_a_picture_loads_nothing_that_it_does_not_need(
    make_model: MakeModel, square: Path, tmp_path: Path
) -> None:
    mask = tmp_path / "mask.png"
    loaded = loaded_by("segment", square, "-o", mask, "--model", make_model().path)
    assert mask.exists()
    assert "onnxruntime" in loaded
    assert loaded & HEAVY == set()
    assert not any(name.startswith("omniseg_backend.training") for name in loaded)


def test_help_loads_no_numbers(tmp_path: Path) -> None:
    assert loaded_by("segment", "--help") & (HEAVY | {"numpy", "onnx", "onnxruntime"}) == set()


@pytest.mark.parametrize("arguments", [("models",), ("describe",)])
def test_lists_load_no_runtime(arguments: tuple[str, ...]) -> None:
    assert loaded_by(*arguments) & (HEAVY | {"onnxruntime"}) == set()


def test_an_unforeseen_error_is_one_sentence_unless_debugging(tmp_path: Path) -> None:
    program = (
        "import sys; from omniseg_backend.cli import main\n"
        "@main.app.command()\n"
        "def explode() -> None: raise ZeroDivisionError('by nought')\n"
        "main.main()"
    )

    def explode(debug: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, "explode"],
            capture_output=True,
            text=True,
            check=False,
            env={"OMNISEG_DEBUG": debug, "PATH": ""},
        )

    told = explode("0")
    assert told.returncode == 1
    (sentence,) = told.stderr.splitlines()
    assert "ZeroDivisionError (by nought)" in sentence
    assert "OMNISEG_DEBUG=1" in sentence
    traced = explode("1")
    assert traced.returncode == 1
    assert "Traceback" in traced.stderr


def test_the_version_is_told() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "omniseg_backend.cli.main", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.startswith("napari-omniseg ")


def test_segmenting_leaves_no_telemetry_in_the_users_home(
    make_model: MakeModel, square: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # ONNX Runtime would keep a device id and a queue of usage events in the cache folder.
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    loaded_by("segment", square, "-o", tmp_path / "mask.png", "--model", make_model().path)
    left = [str(path) for path in home.rglob("*") if path.is_file()]
    assert not any("icrosoft" in path or "onnxruntime" in path for path in left)
