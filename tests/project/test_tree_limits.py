"""Limits that keep the source tree readable and light to clone."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

MOST_LINES = 400
MEGABYTE = 10**6
# The largest single file is an Accurate bundle: 6.0 M parameters are 24 MB in float32.
LARGEST_FILE = 25 * MEGABYTE
LARGEST_TREE = 90 * MEGABYTE


@pytest.fixture(scope="module")
def tracked(repository: Path) -> list[Path]:
    """Every file that git tracks and that is still there."""
    if not (repository / ".git").exists():
        pytest.skip("not a git checkout, so there is no list of tracked files")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=True
    )
    files = [repository / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


def test_no_source_file_outgrows_one_idea(tracked: list[Path]) -> None:
    sources = [file for file in tracked if file.suffix in {".py", ".sh"}]
    assert sources
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in sources}
    assert {file: lines for file, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_tracked_file_is_too_large(tracked: list[Path]) -> None:
    sizes = {file: file.stat().st_size for file in tracked}
    assert {file: size for file, size in sizes.items() if size > LARGEST_FILE} == {}
    assert sum(sizes.values()) < LARGEST_TREE


def test_libraries_log_and_never_print(repository: Path) -> None:
    rooms = repository / "omniseg_backend"
    libraries = [file for file in rooms.rglob("*.py") if file.parts[len(rooms.parts)] != "cli"]
    prints = [
        f"{file.relative_to(repository)}:{node.lineno}"
        for file in libraries
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert prints == []


def test_test_files_have_unique_names(repository: Path) -> None:
    names = [file.name for file in (repository / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
