"""Which Python trains: named, asked, or built from one that the user picks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from omniseg_backend.common.errors import DataError, OmniSegError, ResourceError
from omniseg_backend.common.provenance import DISTRIBUTION, software_version
from omniseg_backend.jobs.environment import build_environment, environment_folder, plan_environment
from omniseg_backend.jobs.interpreters import (
    name_training_interpreter,
    training_interpreter,
    training_problem,
    what_hinders_training,
)

#: What the extra `train` brings, as far as it is looked for; torch itself is 200 MB.
MODULES = ("omniseg_backend", "torch", "lightning_fabric", "monai", "safetensors", "onnxscript",
           "matplotlib")  # fmt: skip


def write_wheel(folder: Path, modules: tuple[str, ...]) -> None:
    """A wheel of this software's name and version that holds empty modules."""
    folder.mkdir()
    version = software_version()
    record = f"napari_omniseg-{version}.dist-info"
    with zipfile.ZipFile(folder / f"napari_omniseg-{version}-py3-none-any.whl", "w") as wheel:
        for module in modules:
            wheel.writestr(f"{module}.py", "")
        wheel.writestr(
            f"{record}/METADATA",
            f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: {version}\n"
            "Provides-Extra: train\n",
        )
        wheel.writestr(
            f"{record}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        names = [f"{module}.py" for module in modules] + [
            f"{record}/{name}" for name in ("METADATA", "WHEEL", "RECORD")
        ]
        wheel.writestr(f"{record}/RECORD", "".join(f"{name},,\n" for name in names))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A Python without anything."""
    venv.create(tmp_path / "bare", with_pip=False)
    return tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def test_a_python_that_cannot_train_is_refused_with_what_it_lacks(bare: Path, home: Path) -> None:
    with pytest.raises(ResourceError, match=r"no omniseg_backend, torch, .* there"):
        name_training_interpreter(bare)
    with pytest.raises(ResourceError, match="no such file"):
        name_training_interpreter(bare.with_name("gone"))
    assert not (home / "config.json").exists()


def test_a_file_that_is_no_python_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no Python")
    assert what_hinders_training(tmp_path / "notes.txt") == "a file that does not run as Python"
    with pytest.raises(ResourceError, match="found no Python, expected Python 3"):
        plan_environment(tmp_path / "notes.txt")


def test_a_named_python_trains_until_it_is_gone(home: Path) -> None:
    pytest.importorskip("torch", reason="this Python must be able to train")
    name_training_interpreter(Path(sys.executable))
    assert json.loads((home / "config.json").read_text())["training_interpreter"] == sys.executable
    assert training_problem() is None
    (home / "config.json").write_text('{"training_interpreter": "/gone/python"}')
    assert "a training_interpreter that is gone" in str(training_problem())


def test_what_is_shown_before_building(tmp_path: Path, home: Path) -> None:
    plan = plan_environment(Path(sys.executable))
    assert plan.bytes_needed > 1e9
    assert plan.sources == ("https://pypi.org", "https://download.pytorch.org/whl/cpu")
    assert f"{DISTRIBUTION}[train]" in plan.requirement
    assert plan.commands[0] == (sys.executable, "-m", "venv", str(home / "training-environment"))
    assert not environment_folder().exists()
    with pytest.raises(DataError, match="no wheels"):
        plan_environment(Path(sys.executable), wheels=tmp_path)


@pytest.mark.timeout(600)
def test_an_environment_is_built_apart_and_trains_from_then_on(tmp_path: Path, home: Path) -> None:
    write_wheel(tmp_path / "wheels", MODULES)
    ours = [sys.executable, "-m", "pip", "freeze", "--all"]
    before = subprocess.run(ours, capture_output=True, check=True).stdout
    told: list[str] = []
    plan = plan_environment(Path(sys.executable), wheels=tmp_path / "wheels")
    python = build_environment(plan, progress=lambda stage, _: told.append(stage))
    assert python.is_relative_to(home)
    assert training_interpreter() == python
    assert what_hinders_training(python) is None
    assert [stage.partition(";")[0] for stage in told] == ["making the environment", "installing"]
    assert subprocess.run(ours, capture_output=True, check=True).stdout == before
    with pytest.raises(DataError, match="is there already"):
        plan_environment(Path(sys.executable), wheels=tmp_path / "wheels")


class Set:
    """Cancelled from the first."""

    def is_set(self) -> bool:
        return True


@pytest.mark.timeout(600)
@pytest.mark.parametrize("cancel", [None, Set()])
def test_half_an_environment_is_taken_away(tmp_path: Path, home: Path, cancel: Set | None) -> None:
    write_wheel(tmp_path / "wheels", MODULES[:2])
    plan = plan_environment(Path(sys.executable), wheels=tmp_path / "wheels")
    with pytest.raises(OmniSegError, match=r"no lightning_fabric|a request to stop"):
        build_environment(plan, cancel=cancel)
    assert not plan.folder.exists()
    assert not (home / "config.json").exists()
    plan.folder.mkdir()
    (plan.folder / ".omniseg-unfinished").touch()
    plan_environment(Path(sys.executable), wheels=tmp_path / "wheels")
    assert not plan.folder.exists()
