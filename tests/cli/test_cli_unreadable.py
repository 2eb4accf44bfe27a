"""What cannot be read is bad data (3), never wrong usage (2) and never an unforeseen error (1)."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer._click.core import Command, Context
from typer.core import TyperGroup

from omniseg_backend.cli.main import app
from tests.cli.conftest import MakeModel, Omniseg, assert_one_sentence

#: Root may read everything; a process without these two capabilities may not.
_UNPRIVILEGED = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, "-c", *sys.argv[1:]])
"""
MAIN = "from omniseg_backend.cli.main import main; main()"


def commands(tree: Command) -> Iterator[Command]:
    """Every command below ``tree``, those of groups as well."""
    if not isinstance(tree, TyperGroup):
        yield tree
        return
    context = Context(tree)
    for name in tree.list_commands(context):
        found = tree.get_command(context, name)
        assert found is not None
        yield from commands(found)


def test_no_path_is_judged_before_its_command_runs() -> None:
    seen, judged = 0, []
    for command in commands(typer.main.get_command(app)):
        for parameter in command.params:
            if "Path" not in str(parameter.type_descriptor.annotation):
                continue
            seen += 1
            stated = parameter.type_descriptor.parameter_info
            if stated.readable or stated.writable or stated.exists:
                judged.append(f"{command.name} {parameter.name}")
    assert seen >= 10
    assert judged == []


def without_privileges(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _UNPRIVILEGED, MAIN, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def may_lock() -> bool:
    """Whether this system has permissions, and this user can be made to feel them."""
    return sys.platform == "linux" and (os.geteuid() != 0 or hasattr(ctypes.CDLL(None), "prctl"))


@pytest.mark.skipif(not may_lock(), reason="needs permissions that hold for this user")
@pytest.mark.parametrize("locked", ["file", "folder", "parent"])
def test_an_image_that_may_not_be_opened(
    make_model: MakeModel, square: Path, tmp_path: Path, locked: str
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    image = folder / "image.png"
    image.write_bytes(square.read_bytes())
    (image if locked == "file" else folder).chmod(0)
    named = folder if locked == "folder" else image
    finished = without_privileges(
        "segment", named, "-o", tmp_path / "mask.png", "--model", make_model().path
    )
    folder.chmod(0o700)
    assert finished.returncode == 3, finished.stderr
    sentence = finished.stderr.splitlines()[-1]
    kind = "folder" if locked == "folder" else "file"
    assert f"{named}: found a {kind} that cannot be opened (Permission denied)" in sentence


def test_a_bundle_named_by_a_path_that_is_not_there(
    omniseg: Omniseg, square: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("./nobody", "nobody.omniseg", tmp_path / "nobody"):
        result = omniseg("segment", square, "-o", tmp_path / "mask.png", "--model", name)
        assert_one_sentence(result, 3, "nobody", "nothing there")
    # A bare word may be a model's name: which of them was meant is a choice, not a file.
    result = omniseg("segment", square, "-o", tmp_path / "mask.png", "--model", "nobody")
    assert_one_sentence(result, 2, "nobody", "`omniseg models`")


def test_a_folder_where_a_recipe_is_expected(omniseg: Omniseg, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the extra 'train'")
    result = omniseg("train", tmp_path, "-o", tmp_path / "b.omniseg", "--recipe", tmp_path)
    assert_one_sentence(result, 3, "a folder that cannot be opened", "a JSON file")
