from __future__ import annotations

from pathlib import Path

import pytest

from omniseg_backend.datasets.files import ending_of, natural_key, stem_of, visible_files


@pytest.mark.parametrize(
    ("name", "stem", "ending"),
    [
        ("a.b.nii.gz", "a.b", ".nii.gz"),
        ("A.PNG", "A", ".png"),
        ("scan.nii", "scan", ".nii"),
        ("notes.txt", "notes", None),
    ],
)
def test_double_endings_are_one(name, stem, ending):
    assert stem_of(Path(name)) == stem
    assert ending_of(Path(name)) == ending


def test_numbers_are_sorted_as_numbers():
    names = ["s10", "s2", "a", "s02b", "10", "9"]
    assert sorted(names, key=natural_key) == ["9", "10", "a", "s2", "s02b", "s10"]


def test_hidden_files_and_folders_are_not_listed(tmp_path):
    for name in ("b10.png", "b9.png", ".hidden.png"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in visible_files(tmp_path)] == ["b9.png", "b10.png"]
