"""The wheel: what it holds, how large it is, and that it stands alone."""

from __future__ import annotations

import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

LARGEST_WHEEL = 95 * 10**6


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (repository / ".git").exists():
        pytest.skip("not a git checkout, so there is no list of tracked files")
    tool = runpy.run_path(str(repository / "tools" / "check_wheel.py"))
    folder = tmp_path_factory.mktemp("wheel with a space")
    built: Path = tool["build_wheel"](sys.executable, folder)
    return built


def test_the_wheel_is_small_enough_to_carry(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST_WHEEL


def test_every_module_model_and_sample_is_in_the_wheel(repository: Path, wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "omniseg_backend", "sample_data"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    needed = {
        name.replace("sample_data/", "omniseg_sample_data/", 1)
        for name in listed
        if name and (repository / name).is_file() and not name.endswith((".gitignore", ".md"))
    }
    with zipfile.ZipFile(wheel) as archive:
        assert needed - set(archive.namelist()) == set()


def test_the_wheel_asks_for_no_torch(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        asked = [
            line for line in archive.read(name).decode().splitlines() if line.startswith("Requires")
        ]
    base = [line.lower() for line in asked if "extra ==" not in line]
    assert any("onnxruntime" in line for line in base)
    assert not any("torch" in line or "monai" in line for line in base)


def test_installed_alone_under_a_path_with_a_space_it_segments_a_sample(
    repository: Path, wheel: Path
) -> None:
    result = subprocess.run(
        [sys.executable, str(repository / "tools" / "check_wheel.py"), "--wheel", str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "without torch" in result.stdout
