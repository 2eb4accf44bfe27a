"""What cannot be read, in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from omniseg_backend.common.errors import DataError
from omniseg_backend.common.reading import reading_errors


def test_what_is_missing_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "missing"
    with (
        pytest.raises(DataError, match="missing: found nothing, expected a list") as caught,
        reading_errors(path, expected="a list"),
    ):
        path.read_bytes()
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_refusal_is_told_with_the_systems_reason(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    path.mkdir() if kind == "folder" else path.touch()
    refusal = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    found = rf"a {kind} that cannot be opened \(Permission denied\)"
    with pytest.raises(DataError, match=found), reading_errors(path, expected="a list"):
        raise refusal
