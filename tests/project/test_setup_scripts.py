"""The scripts behind the Makefile: choosing a Python, naming system packages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(
    BASH is None or sys.platform == "win32", reason="the Makefile's scripts need a POSIX bash"
)

BROKEN_SHIM = "#!/bin/sh\necho 'command not found' >&2\nexit 127\n"
PYTHON_3_9 = "#!/bin/sh\necho refused it is Python 3.9.18\n"
WORKING = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'


def plant(folder: Path, name: str, content: str) -> Path:
    program = folder / name
    program.write_text(content, encoding="utf-8")
    program.chmod(0o755)
    return program


def run_script(
    script: Path, *arguments: str, path: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BASH), str(script), *arguments],
        env={"PATH": str(path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def find_python(repository: Path) -> Path:
    return repository / "tools" / "find_python.sh"


def test_a_shim_that_fails_when_run_is_passed_over(find_python: Path, tmp_path: Path) -> None:
    plant(tmp_path, "python3.11", BROKEN_SHIM)
    plant(tmp_path, "python3", PYTHON_3_9)
    plant(tmp_path, "python", WORKING)
    found = run_script(find_python, path=tmp_path)
    assert found.returncode == 0, found.stderr
    assert Path(found.stdout.strip()).samefile(sys.executable)


def test_where_no_python_works_each_is_named_with_its_fault(
    find_python: Path, tmp_path: Path
) -> None:
    shim = plant(tmp_path, "python3.11", BROKEN_SHIM)
    old = plant(tmp_path, "python3", PYTHON_3_9)
    found = run_script(find_python, path=tmp_path)
    assert found.returncode == 1
    assert found.stdout == ""
    assert f"{shim}: does not run" in found.stderr
    assert f"{old}: it is Python 3.9.18" in found.stderr
    assert "PYTHON=" in found.stderr


def test_the_users_choice_is_taken_but_still_run(find_python: Path, tmp_path: Path) -> None:
    plant(tmp_path, "python3.11", WORKING)
    chosen = plant(tmp_path, "mine", BROKEN_SHIM)
    refused = run_script(find_python, path=tmp_path, PYTHON=str(chosen))
    assert refused.returncode == 1
    plant(tmp_path, "mine", WORKING)
    taken = run_script(find_python, path=tmp_path, PYTHON=str(chosen))
    assert taken.returncode == 0, taken.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the packages are Linux distributions'")
def test_missing_system_packages_are_named_and_the_caller_goes_on(
    repository: Path, tmp_path: Path
) -> None:
    for name in ("uname", "id"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    # Answers as ldconfig does on a machine that has only one of the libraries.
    plant(
        tmp_path, "ldconfig", "#!/bin/sh\necho 'libEGL.so.1 (libc6,x86-64) => /lib/libEGL.so.1'\n"
    )
    checked = run_script(repository / "tools" / "system_packages.sh", "--check", path=tmp_path)
    assert checked.returncode == 0, checked.stderr
    named = checked.stdout.rpartition(":")[2].split()
    assert {"xvfb", "libxcb-cursor0", "libgl1"} <= set(named)
    assert "libegl1" not in named


def test_an_unknown_kind_of_environment_is_refused(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "dirname").symlink_to(str(shutil.which("dirname")))
    refused = run_script(repository / "tools" / "environment.sh", "gpu", path=tmp_path)
    assert refused.returncode == 2
    assert "base|dev" in refused.stderr
